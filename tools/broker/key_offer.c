/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "key_offer.h"

#include "base/array.h"

#include <stdint.h>
#include <string.h>

/* TLS 1.2 servers may choose by the cipher suites alone. */
static const struct {
    const char *type, *signatures, *ciphers;
} rows[] = {
    {"RSA", "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512",
     "DEFAULT:!aECDSA"},
    {"RSA-PSS", "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512", "DEFAULT:!aECDSA"},
    {"EC", "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512", "DEFAULT:!aRSA"},
    {"ED25519", "ed25519", "DEFAULT:!aRSA"},
    {"ED448", "ed448", "DEFAULT:!aRSA"},
    {"ML-DSA-44", "mldsa44", "DEFAULT"},
    {"ML-DSA-65", "mldsa65", "DEFAULT"},
    {"ML-DSA-87", "mldsa87", "DEFAULT"},
};

bool cg_key_offer(SSL_CTX *context, const EVP_PKEY *key)
{
    for (size_t i = 0; i < CG_COUNT(rows); i++)
        if (key && EVP_PKEY_is_a(key, rows[i].type))
            return SSL_CTX_set1_sigalgs_list(context, (char *)(uintptr_t)rows[i].signatures) == 1 &&
                   SSL_CTX_set_cipher_list(context, rows[i].ciphers) == 1;
    return true;
}
