/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "thread.h"

#include <signal.h>
#include <stddef.h>

int cg_thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}
