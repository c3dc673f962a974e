/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who makes this SSL_CTX? Called inside SSL_CTX_new, where only the call stack can say.
 * Owns nothing; called by context.c and hook.c. */
#ifndef CG_ORIGIN_H
#define CG_ORIGIN_H

#include <stdbool.h>

enum cg_origin {
    CG_ORIGIN_UNKNOWN = 0, /* handled as the broker's: fail closed */
    CG_ORIGIN_BROKER,
    CG_ORIGIN_FOREIGN, /* another plugin, or a library that one uses: left alone */
};

/* The object that called SSL_CTX_new: the main program, libwebsockets and libmosquitto are the broker. */
enum cg_origin cg_origin_of_caller(void);

/* False where no call stack leads out of OpenSSL: it has no unwind tables, as Debian's for 32-bit ARM. Makes an SSL_CTX. */
bool cg_origin_can_be_told(void);

#endif
