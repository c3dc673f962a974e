/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Starts the plugin's threads and what wakes them. Signals are the broker's: none may be handled on a thread of ours. */
#ifndef CG_THREAD_H
#define CG_THREAD_H

#include <pthread.h>

/* As pthread_create: 0, or an errno value. */
int cg_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* A condition whose pthread_cond_timedwait goes by CLOCK_MONOTONIC: the other clock may be set meanwhile. */
void cg_thread_wake_init(pthread_cond_t *wake);

#endif
