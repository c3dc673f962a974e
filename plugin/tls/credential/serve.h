/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Serves the certificate of a connection: the policy's, or the broker's own after the same check. Main thread only,
 * except cg_serve. */
#ifndef CG_SERVE_H
#define CG_SERVE_H

#include "core/snapshot.h"
#include "tls/conn/conn.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* Sets it as the only one in the SSL. Any thread. */
bool cg_serve(SSL *ssl, const struct cg_credential *credential);

int cg_serve_credential(SSL *ssl, void *conn); /* the callback for SSL_set_cert_cb */

bool cg_own_credential(SSL *ssl,
                       struct cg_conn *conn); /* whether the broker's certificate passes; sets the reason if not */

#endif
