/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The administrator's side of a handshake: TLS 1.2 or later, verifies the broker's chain and name, sends the administrator's
 * certificate, and explains errors. The caller owns the struct and clears it after its last connection.
 * Called by mqtt.c. */
#ifndef CG_TOOLS_BROKER_TLS_CLIENT_H
#define CG_TOOLS_BROKER_TLS_CLIENT_H

#include "core/base/error.h"

#include <openssl/ssl.h>
#include <stdbool.h>

struct cg_tls_client {
    SSL_CTX *context;
    char alert[64];    /* the broker's fatal alert; "" */
    long verify_error; /* X509_V_ERR_* of the broker's certificate; 0 */
    char verify_name[256];
};

/* ca: file of trust anchors; cert: the administrator's, with its chain; key: its key, whose passphrase is asked for on the
 * terminal; host: the name or address that the broker's certificate must contain. */
bool cg_tls_client_init(struct cg_tls_client *tls, const char *ca, const char *cert, const char *key, const char *host,
                        struct cg_error *err);
void cg_tls_client_clear(struct cg_tls_client *tls);

/* True: the handshake failed, with the reason and the fix in err. */
bool cg_tls_client_fault(const struct cg_tls_client *tls, const char *host, struct cg_error *err);

#endif
