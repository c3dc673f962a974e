/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Session resumption by tickets, if the policy allows it. Called by handshake.c, settings.c and hook.c on the main
 * thread; OpenSSL calls its callbacks on any thread. */
#ifndef CG_TLS_RESUMPTION_H
#define CG_TLS_RESUMPTION_H

#include "tls/conn/conn.h"
#include "tls/openssl/context.h"

void cg_resumption_configure(SSL_CTX *ctx);                                 /* installs the callbacks */
void cg_resumption_apply(struct cg_conn *conn, struct cg_context *context); /* enables tickets if the policy allows */
void cg_resumption_accepted(struct cg_conn *conn);                          /* this peer may get a ticket */
void cg_resumption_tick(void);                                              /* wipes expired keys */

#endif
