/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <stdio.h>

/* Small exponents have a history of broken padding checks; large ones make each use of the key expensive. */
bool cg_rsa_exponent(const EVP_PKEY *key, struct cg_rsa_exponent *out)
{
    BIGNUM *e = NULL;
    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
        return false;
    const bool odd = BN_is_odd(e);
    const unsigned long word = (unsigned long)BN_get_word(e);
    out->bits = BN_num_bits(e);
    out->ok = odd && out->bits > 16 && out->bits <= CG_RSA_EXPONENT_BITS_MAX;
    BN_free(e);
    if (out->bits > 32)
        snprintf(out->text, sizeof out->text, "an RSA public exponent of %d bits%s", out->bits,
                 odd ? "" : ", which is even");
    else
        snprintf(out->text, sizeof out->text, "the RSA public exponent %lu", word);
    return true;
}
