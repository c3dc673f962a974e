/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Session resumption by tickets, where the policy allows it. Called by handshake.c, settings.c and hook.c, on the main thread;
 * its own callbacks by OpenSSL, on any. */
#ifndef CG_TLS_RESUMPTION_H
#define CG_TLS_RESUMPTION_H

#include "tls/conn/conn.h"
#include "tls/openssl/context.h"

void cg_resumption_configure(SSL_CTX *ctx);                                 /* puts the callbacks in */
void cg_resumption_apply(struct cg_conn *conn, struct cg_context *context); /* tickets, where the policy allows them */
void cg_resumption_accepted(struct cg_conn *conn);                          /* this peer may have one */
void cg_resumption_tick(void);                                              /* wipes keys that are past their time */

#endif
