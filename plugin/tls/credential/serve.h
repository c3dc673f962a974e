/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificate that we serve: the policy's, or the broker's own once it passed the same check. Main thread only, but for
 * cg_serve. */
#ifndef CG_SERVE_H
#define CG_SERVE_H

#include "core/snapshot.h"
#include "tls/conn/conn.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* Puts it into the SSL, in place of what was there. Any thread. */
bool cg_serve(SSL *ssl, const struct cg_credential *credential);

int cg_serve_credential(SSL *ssl, void *conn); /* for SSL_set_cert_cb */

bool cg_own_credential(SSL *ssl, struct cg_conn *conn); /* the broker's certificate passes; else says why */

#endif
