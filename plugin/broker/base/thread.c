/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "thread.h"

#include "core/base/datetime.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

/* The same on all systems: the default is 8 MiB with glibc and 128 KiB with musl. */
#define STACK_BYTES (2 << 20)

int cg_thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int error = pthread_create(thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

void cg_thread_wake_init(pthread_cond_t *wake)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

int cg_thread_wait(pthread_cond_t *wake, pthread_mutex_t *mutex, int64_t until_ms)
{
    const struct timespec until = cg_timespec(until_ms);
    return pthread_cond_timedwait(wake, mutex, &until);
}
