/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The thread that the hook serves: the broker's main thread. OpenSSL calls the callbacks on any thread that uses it.
 * They ignore or refuse what other threads do, since nothing here has a lock. */
#ifndef CG_TLS_MAIN_THREAD_H
#define CG_TLS_MAIN_THREAD_H

#include <stdbool.h>

void cg_main_thread_is_this(void); /* the calling one */
void cg_main_thread_forget(void);  /* afterwards there is none */

/* Whether the calling thread is the main thread; false if there is none. Any thread. */
bool cg_on_main_thread(void);

#endif
