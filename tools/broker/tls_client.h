/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The administrator's side of the handshake: TLS 1.2 or later, the broker's chain and name verified, our certificate
 * sent; and what went wrong, in words. The caller owns the struct and clears it after its last connection.
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

/* ca: file of trust anchors; cert: ours with its chain; key: its key, asked for a passphrase on the terminal;
 * host: the name or address that the broker's certificate must be for. */
bool cg_tls_client_init(struct cg_tls_client *tls, const char *ca, const char *cert, const char *key, const char *host,
                        struct cg_error *err);
void cg_tls_client_clear(struct cg_tls_client *tls);

/* True: the handshake failed, and the text says why and what to do. */
bool cg_tls_client_fault(const struct cg_tls_client *tls, const char *host, struct cg_error *err);

#endif
