/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The cipher lists of a "tls" section: whether they are strong, and whether a handshake can use them. Pure: each
 * function creates its own SSL_CTX. Any thread; on the main thread while the hook is installed, only between two
 * calls of cg_contexts_force_owner. Called by the files of plugin/tls. */
#ifndef CG_CIPHERS_H
#define CG_CIPHERS_H

#include "core/base/error.h"
#include "core/policy/policy.h"

#include <openssl/evp.h>
#include <stdbool.h>

/* The TLS 1.2 ciphers for connections of this section, as an OpenSSL list. */
const char *cg_ciphers_of(const struct cg_tls_policy *tls);

/* section: its path in the policy, such as "$.tls". False: *err names the key, the weak or unusable ciphers and the
 * fix. The names in the lists must already be known to OpenSSL. */
bool cg_ciphers_strong(const char *policy, const char *section, const struct cg_tls_policy *tls, struct cg_error *err);
bool cg_ciphers_usable(const char *policy, const char *section, const struct cg_tls_policy *tls, struct cg_error *err);

/* Whether a client with a pre-shared key can use the section with TLS 1.2. True if it has no list, or if TLS 1.3 is
 * the lowest version. */
bool cg_ciphers_accept_psk(const struct cg_tls_policy *tls);

/* bits: which TLS 1.2 ciphers a certificate's key can be used with; CG_AUTH_OTHER: none (ML-DSA) */
enum cg_auth { CG_AUTH_RSA = 1 << 0, CG_AUTH_EC = 1 << 1, CG_AUTH_OTHER = 1 << 2 };

enum cg_auth cg_auth_of(const EVP_PKEY *key); /* NULL: CG_AUTH_OTHER */

/* The properties of one or more certificates that decide which ciphers can serve them. Zeroed: unknown. */
struct cg_strength {
    unsigned keys; /* enum cg_auth */
    int security_bits; /* of the weakest key or signature that counts for OpenSSL's security level; of the strongest certificate */
};
struct cg_strength cg_strength_of(X509 *leaf, const STACK_OF(X509) *chain);
void cg_strength_add(struct cg_strength *all,
                     const struct cg_strength *one); /* adds another certificate of the same broker */

/* Whether a handshake can use the section's list with one of these certificates. Also true if there is no list, if
 * the certificates are unknown, or with pre-shared keys, which need none. where: the source of the certificates, for
 * the message. */
bool cg_ciphers_fit(const char *policy, const char *section, const struct cg_tls_policy *tls,
                    const struct cg_strength *strength, const char *where, struct cg_error *err);

#endif
