/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Applies the policy to the SSL of a connection at the start of the handshake. What OpenSSL reads from the SSL_CTX
 * at the time of use is set there, once per snapshot: parsing the cipher lists for each connection would take too
 * long, and a copy in every SSL would stay for the life of the session. Called by handshake.c on the main thread;
 * cg_settings_refuse on any thread. */
#ifndef CG_TLS_SETTINGS_H
#define CG_TLS_SETTINGS_H

#include "tls/conn/conn.h"

#include <openssl/ssl.h>
#include <stdbool.h>

bool cg_settings_apply(struct cg_conn *conn); /* false: the record has the reason; refuse the handshake */
void cg_settings_refuse(SSL *ssl);            /* makes this handshake fail in every case */

#endif
