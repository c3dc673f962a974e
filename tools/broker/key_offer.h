/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes a TLS client offer the signature algorithms of one key type only, so that a server with several certificates has to
 * present the one of this type. Called by tls_probe.c. */
#ifndef CG_TOOLS_BROKER_KEY_OFFER_H
#define CG_TOOLS_BROKER_KEY_OFFER_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* False: OpenSSL does not have them. A type that no row knows restricts nothing. */
bool cg_key_offer(SSL_CTX *context, const EVP_PKEY *key);

#endif
