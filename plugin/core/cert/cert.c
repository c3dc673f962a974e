/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "cert.h"

#include "name.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct named_bit {
    const char *name;
    unsigned bit;
};

/* By name: a name that the library does not know never matches. */
static const struct named_bit key_types[] = {
    {"RSA", CG_KEY_RSA},          {"RSA-PSS", CG_KEY_RSA_PSS},  {"ED25519", CG_KEY_ED25519},  {"ED448", CG_KEY_ED448},
    {"ML-DSA-44", CG_KEY_ML_DSA}, {"ML-DSA-65", CG_KEY_ML_DSA}, {"ML-DSA-87", CG_KEY_ML_DSA},
};

static const struct named_bit curves[] = {
    {"prime256v1", CG_KEY_EC_P256}, {"P-256", CG_KEY_EC_P256},     {"secp384r1", CG_KEY_EC_P384},
    {"P-384", CG_KEY_EC_P384},      {"secp521r1", CG_KEY_EC_P521}, {"P-521", CG_KEY_EC_P521},
};

static const struct {
    int nid;
    unsigned bit;
} digests[] = {
    {NID_sha256, CG_DIGEST_SHA256}, {NID_sha384, CG_DIGEST_SHA384}, {NID_sha512, CG_DIGEST_SHA512},
    {NID_sha1, CG_DIGEST_SHA1},     {NID_sha224, CG_DIGEST_SHA224}, {NID_sha3_224, CG_DIGEST_SHA3},
    {NID_sha3_256, CG_DIGEST_SHA3}, {NID_sha3_384, CG_DIGEST_SHA3}, {NID_sha3_512, CG_DIGEST_SHA3},
};

/* Explicit parameters could describe a weak curve that looks like a good one (CVE-2020-0601). */
static void read_ec_key(struct cg_cert *cert)
{
    int from_explicit = 1;
    char group[64] = "";
    size_t len = 0;
    if (!EVP_PKEY_get_int_param(cert->key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &from_explicit))
        from_explicit = 1;
    if (!EVP_PKEY_get_group_name(cert->key, group, sizeof group, &len))
        group[0] = '\0';
    cert->ec_explicit = from_explicit != 0 || group[0] == '\0';
    cert->key_algorithm = CG_KEY_EC_OTHER;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (strcasecmp(curves[i].name, group) == 0)
            cert->key_algorithm = curves[i].bit;
}

static void read_key(struct cg_cert *cert)
{
    cert->key = X509_get0_pubkey(cert->x509);
    if (!cert->key)
        return;
    cert->key_bits = EVP_PKEY_get_bits(cert->key);
    if (EVP_PKEY_is_a(cert->key, "EC")) {
        read_ec_key(cert);
        return;
    }
    for (size_t i = 0; i < sizeof key_types / sizeof *key_types; i++)
        if (EVP_PKEY_is_a(cert->key, key_types[i].name))
            cert->key_algorithm = key_types[i].bit;
}

static void read_digest(struct cg_cert *cert)
{
    int digest = NID_undef, key = NID_undef;
    if (!X509_get_signature_info(cert->x509, &digest, &key, NULL, NULL))
        key = X509_get_signature_nid(cert->x509);
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
        if (digests[i].nid == digest)
            cert->digest = digests[i].bit;
    const char *name = OBJ_nid2sn(key);
    if (digest == NID_undef && name &&
        (key == NID_ED25519 || key == NID_ED448 || strncmp(name, "ML-DSA-", 7) == 0 ||
         strncmp(name, "id-ml-dsa-", 10) == 0))
        cert->digest = CG_DIGEST_INTRINSIC;
}

bool cg_cert_read(struct cg_cert *cert, X509 *x509)
{
    memset(cert, 0, sizeof *cert);
    cert->x509 = x509;
    cert->flags = X509_get_extension_flags(x509);
    if (!(cert->flags & EXFLAG_SET) || (cert->flags & EXFLAG_NO_FINGERPRINT))
        return false; /* out of memory while the extensions were read */
    cert->key_usage = X509_get_key_usage(x509);
    cert->eku = X509_get_extended_key_usage(x509);
    const bool from = cg_time_seconds(X509_get0_notBefore(x509), &cert->not_before);
    const bool to = cg_time_seconds(X509_get0_notAfter(x509), &cert->not_after);
    cert->dates_ok = from && to;
    read_key(cert);
    read_digest(cert);
    int critical = -1;
    cert->san = X509_get_ext_d2i(x509, NID_subject_alt_name, &critical, NULL);
    cert->san_broken = !cert->san && critical != -1;
    cert->name_constraints = X509_get_ext_d2i(x509, NID_name_constraints, &critical, NULL);
    cert->name_constraints_broken = !cert->name_constraints && critical != -1;
    return true;
}

void cg_cert_clear(struct cg_cert *cert)
{
    GENERAL_NAMES_free(cert->san);
    NAME_CONSTRAINTS_free(cert->name_constraints);
    memset(cert, 0, sizeof *cert);
}

int cg_cert_extension(const X509 *cert, int nid, struct cg_der *value)
{
    int count = 0;
    value->at = value->end = NULL;
    for (int at = -1; (at = X509_get_ext_by_NID(cert, nid, at)) >= 0; count++) {
        const ASN1_OCTET_STRING *content = X509_EXTENSION_get_data(X509_get_ext(cert, at));
        if (count > 0)
            continue;
        value->at = ASN1_STRING_get0_data(content);
        value->end = value->at + ASN1_STRING_length(content);
    }
    return count;
}

void cg_cert_key_text(const struct cg_cert *cert, char *out, size_t size)
{
    char group[64] = "";
    size_t len = 0;
    if (!cert->key) {
        ASN1_OBJECT *algorithm = NULL;
        X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(cert->x509));
        if (!algorithm || OBJ_obj2txt(group, sizeof group, algorithm, 0) <= 0)
            snprintf(group, sizeof group, "unknown");
        snprintf(out, size, "%s (unreadable)", group);
        return;
    }
    if (cert->key_algorithm & (CG_KEY_RSA | CG_KEY_RSA_PSS)) {
        snprintf(out, size, "%s of %d bits", EVP_PKEY_get0_type_name(cert->key), cert->key_bits);
        return;
    }
    if (EVP_PKEY_is_a(cert->key, "EC") && EVP_PKEY_get_group_name(cert->key, group, sizeof group, &len)) {
        snprintf(out, size, "EC %s", group);
        return;
    }
    snprintf(out, size, "%s", EVP_PKEY_get0_type_name(cert->key));
}
