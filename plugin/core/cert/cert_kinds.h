/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Kinds of keys, digests and subject alternative names, as bits: a certificate has one of them, a policy allows
 * several. */
#ifndef CG_CERT_KINDS_H
#define CG_CERT_KINDS_H

enum cg_key_algorithm {
    CG_KEY_RSA = 1 << 0,
    CG_KEY_RSA_PSS = 1 << 1,
    CG_KEY_EC_P256 = 1 << 2,
    CG_KEY_EC_P384 = 1 << 3,
    CG_KEY_EC_P521 = 1 << 4,
    CG_KEY_ED25519 = 1 << 5,
    CG_KEY_ED448 = 1 << 6,
    CG_KEY_EC_OTHER = 1 << 7, /* other named curves: with insecure_other_curves only */
    CG_KEY_ML_DSA = 1 << 8,
};

/* Ed25519, Ed448 and ML-DSA include their digest and count as CG_DIGEST_INTRINSIC. */
enum cg_digest {
    CG_DIGEST_SHA256 = 1 << 0,
    CG_DIGEST_SHA384 = 1 << 1,
    CG_DIGEST_SHA512 = 1 << 2,
    CG_DIGEST_INTRINSIC = 1 << 3,
    CG_DIGEST_SHA1 = 1 << 4, /* with insecure_sha1 only */
    CG_DIGEST_SHA224 = 1 << 5,
    CG_DIGEST_SHA3 = 1 << 6,
};

enum cg_san_type {
    CG_SAN_DNS = 1 << 0,
    CG_SAN_IP = 1 << 1,
    CG_SAN_URI = 1 << 2,
    CG_SAN_EMAIL = 1 << 3,
    CG_SAN_DIRNAME = 1 << 4,
    CG_SAN_RID = 1 << 5,
    CG_SAN_OTHER = 1 << 6,
};

#endif
