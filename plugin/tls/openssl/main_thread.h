/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The thread that the hook serves, which is the broker's main thread. OpenSSL's callbacks run on any thread that uses it: what
 * another one does is turned away there, since nothing here has a lock. */
#ifndef CG_TLS_MAIN_THREAD_H
#define CG_TLS_MAIN_THREAD_H

#include <stdbool.h>

void cg_main_thread_is_this(void); /* the calling one */
void cg_main_thread_forget(void);  /* there is none any more */

/* Is the calling thread the main thread? Any thread; false where there is none. */
bool cg_on_main_thread(void);

#endif
