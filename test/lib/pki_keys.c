/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Keys are made once per process, because an RSA key takes 0.1 s or more. */
#include "pki_maker.h"
#include "pki_parts.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cached {
    struct cached *next;
    char *name;
    unsigned slot;
    EVP_PKEY *key;
} * cache;

static EVP_PKEY *generate(EVP_PKEY_CTX *ctx, const OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    if (ctx && EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_CTX_set_params(ctx, params) > 0)
        EVP_PKEY_generate(ctx, &key);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *make_ec(const char *curve, const char *encoding)
{
    char group[32], how[16];
    snprintf(group, sizeof group, "%s", curve);
    snprintf(how, sizeof how, "%s", encoding);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, how, 0),
        OSSL_PARAM_construct_end(),
    };
    return generate(EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL), params);
}

/* The modulus of key with the exponent 65538: a public key without a private one. Frees key. */
static EVP_PKEY *make_even(EVP_PKEY *key)
{
    BIGNUM *n = NULL, *e = BN_new();
    EVP_PKEY *even = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (!ctx || !build || !e || !BN_set_word(e, RSA_F4 + 1) || !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) ||
        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) ||
        !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
        abort();
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    if (!params || EVP_PKEY_fromdata_init(ctx) <= 0 || EVP_PKEY_fromdata(ctx, &even, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        abort();
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    BN_free(e);
    BN_free(n);
    return even;
}

/* The exponent is 65537. A name with -even has 65538 and no private key, -e3 has 3, and -e300 has 2^299 + 1. */
static EVP_PKEY *make_rsa(const char *type, unsigned bits, const char *name)
{
    unsigned char exponent[38]; /* room for 300 bits */
    bool large = strstr(name, "-e300"), three = !large && strstr(name, "-e3");
    BIGNUM *e = BN_new();
    if (!e ||
        !BN_set_word(e, three   ? 3
                        : large ? 1
                                : RSA_F4) ||
        (large && !BN_set_bit(e, 299)) || BN_bn2nativepad(e, exponent, sizeof exponent) < 0)
        abort();
    BN_free(e);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_BITS, &bits),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, sizeof exponent),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = generate(EVP_PKEY_CTX_new_from_name(NULL, type, NULL), params);
    return strstr(name, "-even") ? make_even(key) : key;
}

static EVP_PKEY *make_dsa(void)
{
    EVP_PKEY *params = NULL, *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    size_t bits = 1024, order = 160;
    OSSL_PARAM size[] = {
        OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_PBITS, &bits),
        OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_QBITS, &order),
        OSSL_PARAM_construct_end(),
    };
    if (ctx && EVP_PKEY_paramgen_init(ctx) > 0 && EVP_PKEY_CTX_set_params(ctx, size) > 0)
        EVP_PKEY_generate(ctx, &params);
    EVP_PKEY_CTX_free(ctx);
    ctx = params ? EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL) : NULL;
    if (ctx && EVP_PKEY_keygen_init(ctx) > 0)
        EVP_PKEY_generate(ctx, &key);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(params);
    return key;
}

static EVP_PKEY *make(const char *algorithm)
{
    static const struct {
        const char *name, *curve, *encoding;
    } curves[] = {
        {"p256", "P-256", "named_curve"},       {"p384", "P-384", "named_curve"},
        {"p521", "P-521", "named_curve"},       {"secp256k1", "secp256k1", "named_curve"},
        {"p256-explicit", "P-256", "explicit"}, {"bp256", "brainpoolP256r1", "named_curve"},
        {"p224", "secp224r1", "named_curve"},
    };
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (strcmp(algorithm, curves[i].name) == 0)
            return make_ec(curves[i].curve, curves[i].encoding);
    unsigned bits;
    if (sscanf(algorithm, "rsapss%u", &bits) == 1)
        return make_rsa("RSA-PSS", bits, algorithm);
    if (sscanf(algorithm, "rsa%u", &bits) == 1)
        return make_rsa("RSA", bits, algorithm);
    if (strcmp(algorithm, "dsa") == 0)
        return make_dsa();
    if (strcmp(algorithm, "ed25519") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return strcmp(algorithm, "ed448") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED448") : NULL;
}

static void free_cache(void)
{
    while (cache) {
        struct cached *first = cache;
        cache = first->next;
        EVP_PKEY_free(first->key);
        free(first->name);
        free(first);
    }
}

EVP_PKEY *cg_pki_cached_key(const char *algorithm, unsigned slot)
{
    for (struct cached *c = cache; c; c = c->next)
        if (c->slot == slot && strcmp(c->name, algorithm) == 0)
            return c->key;
    struct cached *made = calloc(1, sizeof *made);
    EVP_PKEY *key = make(algorithm);
    if (!made || !key)
        pki_die(NULL, "cannot make a key of type", algorithm);
    if (!cache)
        atexit(free_cache);
    *made = (struct cached){.next = cache, .name = strdup(algorithm), .slot = slot, .key = key};
    cache = made;
    return key;
}
