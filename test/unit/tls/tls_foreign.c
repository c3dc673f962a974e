/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Simulates another plugin: a shared object that creates its own SSL_CTX. */
#include "tls_foreign.h"

SSL_CTX *tls_foreign_make(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    /* no tail call: this object must be on the stack while SSL_CTX_new runs */
    if (ctx)
        SSL_CTX_set_quiet_shutdown(ctx, 1);
    return ctx;
}
