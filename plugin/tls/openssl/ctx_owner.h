/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Finds out who creates an SSL_CTX. Called inside SSL_CTX_new, where only the call stack shows it.
 * Owns nothing; called by context.c and hook.c. */
#ifndef CG_CTX_OWNER_H
#define CG_CTX_OWNER_H

#include <stdbool.h>

enum cg_ctx_owner {
    CG_CTX_OWNER_UNKNOWN = 0, /* treated as the broker's: fail closed */
    CG_CTX_OWNER_BROKER,
    CG_CTX_OWNER_FOREIGN, /* another plugin, or a library that it uses: ignored */
};

/* The owner of the object that called SSL_CTX_new. The main program, libwebsockets and libmosquitto are the broker. */
enum cg_ctx_owner cg_ctx_owner_of_caller(void);

/* False if OpenSSL has no unwind tables, as in Debian for 32-bit ARM: its callers cannot be found. Creates an
 * SSL_CTX. */
bool cg_ctx_owner_is_known(void);

#endif
