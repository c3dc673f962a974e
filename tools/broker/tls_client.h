/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The client's side of a handshake: TLS 1.2 or later, verifies the broker's chain and name, sends the client's certificate, and
 * explains errors. The caller owns the struct and clears it after its last connection.
 * Called by connection.c. */
#ifndef CG_TOOLS_BROKER_TLS_CLIENT_H
#define CG_TOOLS_BROKER_TLS_CLIENT_H

#include "core/base/error.h"

#include <openssl/ssl.h>
#include <stdbool.h>

struct cg_tls_client {
    SSL_CTX *context;
    const char *anchors; /* where they are, for messages: an option or a file */
    char alert[64];      /* the broker's fatal alert; "" */
    long verify_error;   /* X509_V_ERR_* of the broker's certificate; 0 */
    char verify_name[256];
};

/* ca: file of trust anchors; cert: the client's, with its chain; key: its key, whose passphrase is asked for on the
 * terminal; host: the name or address that the broker's certificate must contain. */
bool cg_tls_client_init(struct cg_tls_client *tls, const char *ca, const char *cert, const char *key, const char *host,
                        struct cg_error *err);

/* The same with what is in memory. The context references the objects; place is borrowed. */
struct cg_tls_objects {
    STACK_OF(X509) *anchors;
    X509 *cert;
    STACK_OF(X509) *chain; /* or NULL */
    EVP_PKEY *key;
    const char *place; /* of the anchors */
};
bool cg_tls_client_init_with(struct cg_tls_client *tls, const struct cg_tls_objects *objects, const char *host,
                             struct cg_error *err);
void cg_tls_client_clear(struct cg_tls_client *tls);

/* True: the handshake failed, with the reason and the fix in err. */
bool cg_tls_client_fault(const struct cg_tls_client *tls, const char *host, struct cg_error *err);

#endif
