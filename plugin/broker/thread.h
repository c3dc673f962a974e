/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Starts the plugin's threads. Signals are the broker's: none may be handled on a thread of ours. */
#ifndef CG_THREAD_H
#define CG_THREAD_H

#include <pthread.h>

/* As pthread_create: 0, or an errno value. */
int cg_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
