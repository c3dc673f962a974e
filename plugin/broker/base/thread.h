/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Threads and condition variables of the plugin. Its threads block all signals: they belong to the broker. */
#ifndef CG_THREAD_H
#define CG_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* Returns 0 or an errno value, as pthread_create(3). */
int cg_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* Makes a condition variable for cg_thread_wait(), which uses the monotonic clock: the wall clock may be set meanwhile. */
void cg_thread_wake_init(pthread_cond_t *wake);

/* Waits until until_ms (cg_clock_monotonic_ms) at the latest, with the mutex held. Returns 0 or ETIMEDOUT, as
 * pthread_cond_timedwait(3). */
int cg_thread_wait(pthread_cond_t *wake, pthread_mutex_t *mutex, int64_t until_ms);

#endif
