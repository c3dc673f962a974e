/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who makes this SSL_CTX? Called inside SSL_CTX_new, where only the call stack can say.
 * Owns nothing; called by context.c and hook.c. */
#ifndef CG_CTX_OWNER_H
#define CG_CTX_OWNER_H

#include <stdbool.h>

enum cg_ctx_owner {
    CG_CTX_OWNER_UNKNOWN = 0, /* handled as the broker's: fail closed */
    CG_CTX_OWNER_BROKER,
    CG_CTX_OWNER_FOREIGN, /* another plugin, or a library that one uses: left alone */
};

/* The object that called SSL_CTX_new: the main program, libwebsockets and libmosquitto are the broker. */
enum cg_ctx_owner cg_ctx_owner_of_caller(void);

/* False where no call stack leads out of OpenSSL: it has no unwind tables, as Debian's for 32-bit ARM. Makes an SSL_CTX. */
bool cg_ctx_owner_is_known(void);

#endif
