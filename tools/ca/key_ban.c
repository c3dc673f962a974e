/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "key_ban.h"
#include "base/array.h"
#include "base/failure.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include <stdlib.h>
#include <string.h>

#define OF_CA "" /* instead of a serial number */

struct cg_key_ban {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char serial[48]; /* of the certificate that was revoked */
};

bool cg_reason_is_compromise(int reason)
{
    return cg_reason_gravity(reason) == CG_REASON_COMPROMISE;
}

/* The part that all encodings of a key have in common: the modulus of RSA and RSA-PSS, the x coordinate of a point
 * (compressed or not, and of its negative), the raw key of others. */
static int key_octets(EVP_PKEY *key, unsigned char **octets)
{
    BIGNUM *number = NULL;
    size_t len = 0;
    const char *what = EVP_PKEY_is_a(key, "EC") ? OSSL_PKEY_PARAM_EC_PUB_X : OSSL_PKEY_PARAM_RSA_N;
    if (EVP_PKEY_get_bn_param(key, what, &number) == 1) {
        *octets = OPENSSL_malloc((size_t)BN_num_bytes(number) + 1);
        int n = *octets ? BN_bn2bin(number, *octets) : 0;
        BN_free(number);
        return n;
    }
    if (EVP_PKEY_get_raw_public_key(key, NULL, &len) == 1 && (*octets = OPENSSL_malloc(len)) &&
        EVP_PKEY_get_raw_public_key(key, *octets, &len) == 1)
        return (int)len;
    OPENSSL_free(*octets);
    *octets = NULL;
    return i2d_PUBKEY(key, octets);
}

static bool digest_of(EVP_PKEY *key, unsigned char digest[SHA256_DIGEST_LENGTH])
{
    unsigned char *octets = NULL;
    int len = key ? key_octets(key, &octets) : 0;
    bool ok = len > 0 && EVP_Digest(octets, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(octets);
    ERR_clear_error();
    return ok;
}

bool cg_key_bans_add(struct cg_key_bans *bans, X509 *cert, const char *serial, struct cg_error *err)
{
    struct cg_key_ban ban = {.digest = {0}};
    snprintf(ban.serial, sizeof ban.serial, "%s", serial);
    if (!digest_of(X509_get0_pubkey(cert), ban.digest))
        return true; /* a key that cannot be read cannot be certified either */
    struct cg_key_ban *items = cg_array_grow(bans->item, bans->count, sizeof *items);
    if (!items)
        return cg_fail_memory(err);
    bans->item = items;
    items[bans->count++] = ban;
    return true;
}

bool cg_key_bans_open(struct cg_key_bans *bans, const struct cg_ca *ca, struct cg_error *err)
{
    *bans = (struct cg_key_bans){0};
    return cg_key_bans_add(bans, ca->cert, OF_CA, err) && cg_key_bans_add(bans, ca->root, OF_CA, err);
}

bool cg_key_bans_add_row(struct cg_key_bans *bans, const struct cg_ca *ca, const struct cg_index_row *row,
                         struct cg_error *err)
{
    char path[PATH_MAX];
    /* else "unknown": imported with its serial number only */
    if (row->status != 'R' || !cg_reason_is_compromise(row->reason) || strncmp(row->file, "archive/", 8) != 0)
        return true;
    X509 *cert = cg_cert_load(cg_ca_path(ca, path, "%s/cert.pem", row->file), NULL);
    bans->lost += !cert;
    bool ok = !cert || cg_key_bans_add(bans, cert, row->serial, err);
    X509_free(cert);
    return ok;
}

static int by_digest(const void *a, const void *b)
{
    const struct cg_key_ban *x = a, *y = b;
    return memcmp(x->digest, y->digest, sizeof x->digest);
}

void cg_key_bans_close(struct cg_key_bans *bans)
{
    if (bans->count)
        qsort(bans->item, bans->count, sizeof *bans->item, by_digest);
}

void cg_key_bans_free(struct cg_key_bans *bans)
{
    free(bans->item);
    *bans = (struct cg_key_bans){0};
}

bool cg_key_bans_allow(const struct cg_key_bans *bans, EVP_PKEY *key, struct cg_error *err)
{
    struct cg_key_ban wanted = {.digest = {0}};
    if (!digest_of(key, wanted.digest))
        return cg_fail_text(err, "cannot read the public key. Make a new key; P-256 works everywhere");
    const struct cg_key_ban *ban = bans->count
                                       ? bsearch(&wanted, bans->item, bans->count, sizeof *bans->item, by_digest)
                                       : NULL;
    if (!ban)
        return true;
    if (strcmp(ban->serial, OF_CA) == 0)
        cg_error_set(err,
                     "cannot certify this key: it is the key of the CA itself. Make a new key where it will be used");
    else
        cg_error_set(
            err,
            "cannot certify this key: it was revoked as compromised (certificate %s), and someone else may have "
            "it. Make a new key where it will be used",
            ban->serial);
    return false;
}
