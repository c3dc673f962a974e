/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the policy says about a connection, put into its SSL at the start of the handshake. What OpenSSL reads from the
 * SSL_CTX at the time of use is put there, once for each snapshot: the cipher lists cost more to parse than a
 * handshake has to spare, and a copy in every SSL would stay for the life of the session.
 * Called by handshake.c, on the main thread; cg_settings_refuse on any. */
#ifndef CG_TLS_SETTINGS_H
#define CG_TLS_SETTINGS_H

#include "tls/conn/conn.h"

#include <openssl/ssl.h>
#include <stdbool.h>

bool cg_settings_apply(struct cg_conn *conn); /* false: the record says why, and the handshake must be refused */
void cg_settings_refuse(SSL *ssl);            /* makes this handshake fail, whatever comes */

#endif
