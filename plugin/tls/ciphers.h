/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the cipher lists of a "tls" section let in: whether it is sound, and whether a handshake can use it. Pure: each
 * question makes an SSL_CTX of its own. Any thread; on the main thread only before cg_hook_install.
 * Called by prove.c. */
#ifndef CG_CIPHERS_H
#define CG_CIPHERS_H

#include "core/error.h"
#include "core/policy.h"

#include <openssl/evp.h>
#include <stdbool.h>

/* The TLS 1.2 ciphers that connections of this section get, as an OpenSSL list. */
const char *cg_ciphers_of(const struct cg_tls_policy *tls);

/* section: its place in the policy, such as "$.tls". False: *err names the key, the ciphers at fault and the cure. The lists
 * hold known names already. */
bool cg_ciphers_sound(const char *policy, const char *section, const struct cg_tls_policy *tls, struct cg_error *err);
bool cg_ciphers_usable(const char *policy, const char *section, const struct cg_tls_policy *tls, struct cg_error *err);

/* bits: what a certificate's key can be used for in TLS 1.2; CG_AUTH_OTHER: nothing (ML-DSA) */
enum cg_auth { CG_AUTH_RSA = 1 << 0, CG_AUTH_EC = 1 << 1, CG_AUTH_OTHER = 1 << 2 };
enum cg_auth cg_auth_of(const EVP_PKEY *key);

/* Has the section's list a cipher for one of these keys? Also true where it has no list, or pre-shared keys are allowed.
 * keys 0: not known, all do. where: whose keys they are, for the message. */
bool cg_ciphers_fit(const char *policy, const char *section, const struct cg_tls_policy *tls, unsigned keys,
                    const char *where, struct cg_error *err);

#endif
