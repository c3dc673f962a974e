/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "chain_input.h"

#include "core/cert/der.h"
#include "crl_maker.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define TEN_DAYS (10 * DAY)
#define BROKEN   0xff

EVP_PKEY *chain_key(size_t i)
{
    static EVP_PKEY *keys[CHAIN_KEYS];
    size_t slot = i % CHAIN_KEYS;
    unsigned char raw[32];
    memset(raw, (int)slot + 1, sizeof raw);
    if (!keys[slot] && !(keys[slot] = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw)))
        abort();
    return keys[slot];
}

static void sign(const struct piece *tbs, EVP_PKEY *key, unsigned char signature[64])
{
    size_t len = 64;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &len, tbs->data, tbs->len) != 1)
        abort();
    EVP_MD_CTX_free(context);
}

/* Signs the tbsCertificate. NULL: it cannot be decoded. */
static X509 *make_certificate(const struct cg_der *tbs, EVP_PKEY *key, bool broken)
{
    struct piece der = {0}, bits = {0};
    unsigned char raw[64];
    piece_add(&der, tbs->at, cg_der_left(tbs));
    sign(&der, key, raw);
    raw[63] ^= broken;
    piece_add(&der, "\x30\x05\x06\x03\x2b\x65\x70", 7); /* Ed25519 */
    piece_add(&bits, "", 1);
    piece_add(&bits, raw, sizeof raw);
    piece_wrap(&bits, 0x03);
    piece_join(&der, &bits);
    piece_wrap(&der, 0x30);
    const unsigned char *at = der.data;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    piece_free(&der);
    return cert;
}

static unsigned char option_at(const struct cg_der *options, size_t i)
{
    return i < cg_der_left(options) ? options->at[i] : 0;
}

static bool read_certificates(struct chain_input *input, struct cg_der *list, const struct cg_der *options)
{
    struct cg_der tbs[CHAIN_CERTS_MAX];
    size_t count = 0;
    while (cg_der_left(list) > 0)
        if (count == CHAIN_CERTS_MAX || !cg_der_take_whole(list, CG_DER_SEQUENCE, &tbs[count++]))
            return false;
    for (size_t i = 0; i < count; i++) {
        unsigned char signer = option_at(options, 3 + i);
        size_t key = signer && signer != BROKEN ? signer - 1U : i + 1 < count ? i + 1 : i;
        X509 *cert = make_certificate(&tbs[i], chain_key(key), signer == BROKEN);
        if (!cert || !sk_X509_push(input->certs, cert)) {
            X509_free(cert);
            return false;
        }
    }
    return count > 0;
}

bool chain_input_read(struct chain_input *input, const uint8_t *data, size_t size)
{
    struct cg_der all = {data, data + size}, list, options;
    *input = (struct chain_input){.certs = sk_X509_new_null()};
    if (!input->certs)
        abort();
    if (size > 65536 || !cg_der_take(&all, CG_DER_SEQUENCE, &list) || cg_der_left(&all) > 0 ||
        !cg_der_take(&list, CG_DER_OCTET_STRING, &options))
        return false;
    input->options = option_at(&options, 0) | (unsigned)option_at(&options, 1) << 8;
    input->now = CHAIN_NOW + (signed char)option_at(&options, 2) * TEN_DAYS;
    return read_certificates(input, &list, &options);
}

void chain_input_clear(struct chain_input *input)
{
    sk_X509_pop_free(input->certs, X509_free);
    input->certs = NULL;
}
