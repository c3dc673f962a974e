/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Verifies a renewal request with public-key cryptography: S, the CSR's own signature (proof of possession), the new key, and
 * the names. It does not check whether the certificate is accepted now (cg_check_peer), nor lists of denied keys. Pure. Called by
 * the broker layer's worker, and again by the CA, which trusts no check of the broker. */
#ifndef CG_RENEWAL_REQUEST_CHECK_H
#define CG_RENEWAL_REQUEST_CHECK_H

#include "core/policy/policy.h"
#include "request.h"

/* profile: the key rules for clients. False with RENEWAL_BAD_SIGNATURE (S), RENEWAL_BAD_PROOF (the CSR's), RENEWAL_KEY_NOT_ALLOWED,
 * RENEWAL_KEY_NOT_NEW, RENEWAL_NAMES_DIFFER, RENEWAL_MALFORMED (OpenSSL reads it differently), or NO_MEMORY. */
bool cg_renewal_verify(const struct cg_renewal_request *request, X509 *current, const struct cg_profile *profile,
                       struct cg_refusal *refusal);

/* Whether the signature over tbs was made with key: ECDSA (DER) and RSA (PKCS#1 v1.5) with SHA-256; Ed25519, Ed448 and ML-DSA
 * pure, with an empty context. Keys of other types verify nothing. */
bool cg_renewal_signature_ok(EVP_PKEY *key, const unsigned char *tbs, size_t len, const struct cg_der *signature);

/* RENEWAL_TOO_EARLY before half of the lifetime, RENEWAL_NOT_ACCEPTED after its end or with malformed dates. */
bool cg_renewal_window_ok(const X509 *current, int64_t now, struct cg_refusal *refusal);

/* Whether a certificate may replace current: it has the key of request (NULL: any other key than current's), the subject and
 * subjectAltName of current octet for octet, is no CA, has clientAuth, and its notBefore is not before current's. Its path is not
 * checked. False with RENEWAL_NOT_ACCEPTED or RENEWAL_NAMES_DIFFER. Called before delivery, by the CA, and by the device's side of
 * the tool. */
bool cg_renewal_successor_ok(const X509 *current, const X509 *leaf, const struct cg_renewal_request *request,
                             struct cg_refusal *refusal);

#endif
