/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "main_thread.h"

#include <pthread.h>

static pthread_t main_thread; /* zeroed: none */

void cg_main_thread_is_this(void)
{
    main_thread = pthread_self();
}

void cg_main_thread_forget(void)
{
    main_thread = (pthread_t)0;
}

bool cg_on_main_thread(void)
{
    return pthread_equal(pthread_self(), main_thread);
}
