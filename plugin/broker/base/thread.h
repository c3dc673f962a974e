/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Starts the plugin's threads and what wakes them. Signals are the broker's: none may be handled on a thread of ours. */
#ifndef CG_THREAD_H
#define CG_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* As pthread_create: 0, or an errno value. */
int cg_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* A condition that can be waited for by the monotonic clock: the other one may be set meanwhile. */
void cg_thread_wake_init(pthread_cond_t *wake);

/* Waits for such a condition, until then at the latest (cg_clock_monotonic_ms). With the mutex held, as
 * pthread_cond_timedwait: 0, or ETIMEDOUT. */
int cg_thread_wait(pthread_cond_t *wake, pthread_mutex_t *mutex, int64_t until_ms);

#endif
