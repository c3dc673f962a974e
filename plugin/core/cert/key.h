/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the type of a key does not say. Stateless. Called by the search for paths, the rules, and core/renewal. */
#ifndef CG_KEY_H
#define CG_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>

#define CG_RSA_EXPONENT_BITS_MAX 256 /* FIPS 186-5 A.1.1; also the limit of the rule rsa_exponent */

struct cg_rsa_exponent {
    bool ok;       /* FIPS 186-5 A.1.1: odd, above 65536 and below 2^256 */
    int bits;      /* its size */
    char text[64]; /* for details: "the RSA public exponent 3" */
};

/* False: out of memory, or not an RSA key. */
bool cg_rsa_exponent(const EVP_PKEY *key, struct cg_rsa_exponent *out);

#endif
