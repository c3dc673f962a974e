/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the cipher lists of a "tls" section let in: whether it is sound, and whether a handshake can use it. Pure: each
 * question makes an SSL_CTX of its own. Any thread; on the main thread, once the hook is installed, only with
 * cg_contexts_force_owner around it. Called by the files of plugin/tls. */
#ifndef CG_CIPHERS_H
#define CG_CIPHERS_H

#include "core/base/error.h"
#include "core/policy/policy.h"

#include <openssl/evp.h>
#include <stdbool.h>

/* The TLS 1.2 ciphers that connections of this section get, as an OpenSSL list. */
const char *cg_ciphers_of(const struct cg_tls_policy *tls);

/* section: its place in the policy, such as "$.tls". False: *err names the key, the ciphers at fault and the fix. The lists
 * hold known names already. */
bool cg_ciphers_sound(const char *policy, const char *section, const struct cg_tls_policy *tls, struct cg_error *err);
bool cg_ciphers_usable(const char *policy, const char *section, const struct cg_tls_policy *tls, struct cg_error *err);

/* Can a client with a pre-shared key use the section over TLS 1.2? True where it has no list, or TLS 1.3 is the lowest. */
bool cg_ciphers_accept_psk(const struct cg_tls_policy *tls);

/* bits: what a certificate's key can be used for in TLS 1.2; CG_AUTH_OTHER: nothing (ML-DSA) */
enum cg_auth { CG_AUTH_RSA = 1 << 0, CG_AUTH_EC = 1 << 1, CG_AUTH_OTHER = 1 << 2 };

/* What certificates can be served with. Zeroed: not known. */
struct cg_strength {
    unsigned keys;     /* enum cg_auth */
    int security_bits; /* of the weakest key or signature that OpenSSL's security level looks at; of the best certificate */
};
struct cg_strength cg_strength_of(X509 *leaf, const STACK_OF(X509) *chain);
void cg_strength_add(struct cg_strength *all,
                     const struct cg_strength *one); /* another certificate of the same broker */

/* Can a handshake use the section's list with one of these certificates? Also true where it has no list, or nothing is known of
 * the certificates; pre-shared keys need none. where: whose they are, for the message. */
bool cg_ciphers_fit(const char *policy, const char *section, const struct cg_tls_policy *tls,
                    const struct cg_strength *strength, const char *where, struct cg_error *err);

#endif
