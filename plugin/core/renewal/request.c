/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "request.h"
#include "question.h"

#include "core/cert/cert_kinds.h"
#include "core/cert/key.h"

#include <openssl/evp.h>
#include <string.h>

#define RSA_BITS_MAX 8192

/* A DER encoding that is compared whole. */
struct constant {
    const char *der;
    size_t len;
};

#define CONSTANT(bytes)                                                                                                \
    {                                                                                                                  \
        bytes, sizeof(bytes) - 1                                                                                       \
    }
#define RSA(arc)            CONSTANT("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" arc "\x05\x00")
#define EC_KEY(size, curve) CONSTANT("\x30" size "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01" curve)
#define ECDSA_WITH(arc)     CONSTANT("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03" arc)
#define EDWARDS(arc)        CONSTANT("\x30\x05\x06\x03\x2b\x65" arc)
#define ML_DSA(arc)         CONSTANT("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03" arc)

/* Of keys (RFC 3279, 5480, 8410, 9881). */
static const struct key_row {
    struct constant algorithm; /* AlgorithmIdentifier */
    unsigned key;              /* CG_KEY_* */
    unsigned octets;           /* of the key; of RSA, read_rsa looks */
} keys[] = {
    {RSA("\x01"), CG_KEY_RSA, 0},
    {EC_KEY("\x13", "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), CG_KEY_EC_P256, 65},
    {EC_KEY("\x10", "\x06\x05\x2b\x81\x04\x00\x22"), CG_KEY_EC_P384, 97},
    {EC_KEY("\x10", "\x06\x05\x2b\x81\x04\x00\x23"), CG_KEY_EC_P521, 133},
    {EDWARDS("\x70"), CG_KEY_ED25519, 32},
    {EDWARDS("\x71"), CG_KEY_ED448, 57},
    {ML_DSA("\x11"), CG_KEY_ML_DSA, 1312},
    {ML_DSA("\x12"), CG_KEY_ML_DSA, 1952},
    {ML_DSA("\x13"), CG_KEY_ML_DSA, 2592},
};

#define EC_KEYS (CG_KEY_EC_P256 | CG_KEY_EC_P384 | CG_KEY_EC_P521)

/* By which the CSR may be signed, with SHA-256, SHA-384 or SHA-512, or the key's own digest. */
static const struct {
    struct constant algorithm; /* AlgorithmIdentifier */
    unsigned keys;             /* CG_KEY_* */
} signatures[] = {
    {RSA("\x0b"), CG_KEY_RSA},         {RSA("\x0c"), CG_KEY_RSA},       {RSA("\x0d"), CG_KEY_RSA},
    {ECDSA_WITH("\x02"), EC_KEYS},     {ECDSA_WITH("\x03"), EC_KEYS},   {ECDSA_WITH("\x04"), EC_KEYS},
    {EDWARDS("\x70"), CG_KEY_ED25519}, {EDWARDS("\x71"), CG_KEY_ED448}, {ML_DSA("\x11"), CG_KEY_ML_DSA},
    {ML_DSA("\x12"), CG_KEY_ML_DSA},   {ML_DSA("\x13"), CG_KEY_ML_DSA},
};

static const struct constant extension_request = CONSTANT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e");
static const struct constant subject_alt_name = CONSTANT("\x55\x1d\x11");

static bool is(const struct cg_der *bytes, const struct constant *constant)
{
    return cg_der_left(bytes) == constant->len && memcmp(bytes->at, constant->der, constant->len) == 0;
}

static bool malformed(struct cg_refusal *refusal, const char *part, const char *expected)
{
    return cg_refuse(refusal, CG_REASON_RENEWAL_MALFORMED, "%s: expected %s", part, expected);
}

static bool not_allowed(struct cg_refusal *refusal, const char *found)
{
    return cg_refuse(refusal, CG_REASON_RENEWAL_KEY_NOT_ALLOWED, "the new key is %s", found);
}

/* A BIT STRING of whole octets. */
static bool take_octets(struct cg_der *in, struct cg_der *octets)
{
    return cg_der_take(in, CG_DER_BIT_STRING, octets) && cg_der_left(octets) > 1 && *octets->at++ == 0;
}

/* Any element with a low tag number. */
static bool take_any(struct cg_der *in, struct cg_der *whole)
{
    const unsigned tag = in->at < in->end ? *in->at : 0;
    return tag != 0 && (tag & 0x1f) != 0x1f && cg_der_take_whole(in, tag, whole);
}

/* The next element of a SET OF, which are sorted (X.690 11.6). No element is a prefix of another. previous: NULL at first. */
static bool take_sorted(struct cg_der *in, struct cg_der *previous)
{
    struct cg_der next;
    if (!take_any(in, &next))
        return false;
    const size_t a = cg_der_left(previous), b = cg_der_left(&next);
    const bool sorted = !previous->at || memcmp(previous->at, next.at, a < b ? a : b) <= 0;
    *previous = next;
    return sorted;
}

/* A positive INTEGER of at most so many bits. *bits gets its size. */
static bool take_positive(struct cg_der *in, size_t *bits)
{
    struct cg_der number;
    if (!cg_der_take(in, CG_DER_INTEGER, &number) || !cg_der_integer_is_minimal(&number) || *number.at >= 0x80)
        return false;
    if (*number.at == 0)
        number.at++;
    *bits = 8 * cg_der_left(&number);
    for (unsigned top = 0x80; *bits && !(*number.at & top); top >>= 1)
        --*bits;
    return *bits != 0;
}

/* RSAPublicKey (RFC 8017 A.1.1). What OpenSSL cannot use in bounded time is refused here. */
static bool read_rsa(struct cg_der octets, struct cg_refusal *refusal)
{
    struct cg_der key;
    size_t modulus, exponent;
    if (!cg_der_take(&octets, CG_DER_SEQUENCE, &key) || octets.at != octets.end || !take_positive(&key, &modulus) ||
        !take_positive(&key, &exponent) || key.at != key.end)
        return malformed(refusal, "subjectPKInfo", "RSAPublicKey of modulus and exponent");
    if (modulus > RSA_BITS_MAX)
        return not_allowed(refusal, "RSA of more than 8192 bits");
    return exponent <= CG_RSA_EXPONENT_BITS_MAX || not_allowed(refusal, "RSA with an exponent of more than 256 bits");
}

static bool read_key(struct cg_der in, struct cg_renewal_request *out, struct cg_refusal *refusal)
{
    struct cg_der key, algorithm, octets;
    if (!cg_der_take(&in, CG_DER_SEQUENCE, &key) || !cg_der_take_whole(&key, CG_DER_SEQUENCE, &algorithm) ||
        !take_octets(&key, &octets) || key.at != key.end)
        return malformed(refusal, "subjectPKInfo", "AlgorithmIdentifier and BIT STRING");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!is(&algorithm, &keys[i].algorithm))
            continue;
        out->key_algorithm = keys[i].key;
        if (keys[i].key == CG_KEY_RSA)
            return read_rsa(octets, refusal);
        if (cg_der_left(&octets) != keys[i].octets || ((keys[i].key & EC_KEYS) && *octets.at != 4))
            return malformed(refusal, "subjectPKInfo", "a key of the length of its type, or an uncompressed point");
        return true;
    }
    return not_allowed(refusal, "of a type with which no request can be made");
}

/* GeneralNames. They need not be read: they must be those of the certificate, octet for octet. */
static bool read_names(struct cg_der value, struct cg_renewal_request *out, struct cg_refusal *refusal)
{
    struct cg_der peek = value, content;
    if (out->names.at)
        return malformed(refusal, "extensionRequest", "subjectAltName at most once");
    if (!cg_der_take(&peek, CG_DER_SEQUENCE, &content) || peek.at != peek.end || content.at == content.end)
        return malformed(refusal, "subjectAltName", "GeneralNames, at least one");
    out->names = value;
    return true;
}

/* Only the names are of interest: the CA takes everything else from its archive. */
static bool read_extensions(struct cg_der values, struct cg_renewal_request *out, struct cg_refusal *refusal)
{
    struct cg_der list, extension, oid, value;
    bool critical;
    if (!cg_der_take(&values, CG_DER_SEQUENCE, &list) || values.at != values.end)
        return malformed(refusal, "extensionRequest", "one value, Extensions");
    while (list.at < list.end) {
        if (!cg_der_take(&list, CG_DER_SEQUENCE, &extension) || !cg_der_take(&extension, CG_DER_OID, &oid) ||
            !cg_der_oid_is_strict(&oid) || !cg_der_take_default_false(&extension, &critical) ||
            !cg_der_take(&extension, CG_DER_OCTET_STRING, &value) || extension.at != extension.end)
            return malformed(refusal, "extensionRequest", "SEQUENCE of OID, critical, OCTET STRING");
        if (is(&oid, &subject_alt_name) && !read_names(value, out, refusal))
            return false;
    }
    return true;
}

/* seen: an extensionRequest was read. */
static bool read_attribute(struct cg_der in, bool *seen, struct cg_renewal_request *out, struct cg_refusal *refusal)
{
    struct cg_der attribute, oid, values, rest, previous = {NULL, NULL};
    if (!cg_der_take(&in, CG_DER_SEQUENCE, &attribute) || !cg_der_take(&attribute, CG_DER_OID, &oid) ||
        !cg_der_oid_is_strict(&oid) || !cg_der_take(&attribute, CG_DER_SET, &values) || attribute.at != attribute.end ||
        values.at == values.end)
        return malformed(refusal, "attributes", "SEQUENCE of OID and a SET that is not empty");
    for (rest = values; rest.at < rest.end;)
        if (!take_sorted(&rest, &previous))
            return malformed(refusal, "attributes", "sorted values in DER");
    if (!is(&oid, &extension_request))
        return true;
    if (*seen)
        return malformed(refusal, "attributes", "extensionRequest at most once");
    *seen = true;
    return read_extensions(values, out, refusal);
}

static bool read_attributes(struct cg_der list, struct cg_renewal_request *out, struct cg_refusal *refusal)
{
    struct cg_der attribute = {NULL, NULL};
    bool seen = false;
    while (list.at < list.end) {
        if (!take_sorted(&list, &attribute))
            return malformed(refusal, "attributes", "a sorted SET in DER");
        if (!read_attribute(attribute, &seen, out, refusal))
            return false;
    }
    return true;
}

/* Attributes may be absent: some encoders leave out an empty set, and OpenSSL reads and writes both forms. */
static bool read_info(struct cg_der whole, struct cg_renewal_request *out, struct cg_refusal *refusal)
{
    struct cg_der in, version, attributes;
    if (!cg_der_take(&whole, CG_DER_SEQUENCE, &in) || !cg_der_take(&in, CG_DER_INTEGER, &version) ||
        cg_der_left(&version) != 1 || *version.at != 0)
        return malformed(refusal, "version", "INTEGER 0");
    if (!cg_der_take_whole(&in, CG_DER_SEQUENCE, &out->subject))
        return malformed(refusal, "subject", "Name");
    if (!cg_der_take_whole(&in, CG_DER_SEQUENCE, &out->spki))
        return malformed(refusal, "subjectPKInfo", "SEQUENCE");
    if (!read_key(out->spki, out, refusal))
        return false;
    if (in.at == in.end)
        return true;
    if (!cg_der_take(&in, CG_DER_CONTEXT_0, &attributes) || in.at != in.end)
        return malformed(refusal, "attributes", "[0] at the end of CertificationRequestInfo");
    return read_attributes(attributes, out, refusal);
}

/* The algorithm of the CSR's signature belongs to the key. */
static bool fits_key(const struct cg_der *algorithm, unsigned key)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (is(algorithm, &signatures[i].algorithm))
            return (signatures[i].keys & key) != 0;
    return false;
}

static bool read_csr(struct cg_der whole, struct cg_renewal_request *out, struct cg_refusal *refusal)
{
    struct cg_der in, algorithm, signature;
    if (!cg_der_take(&whole, CG_DER_SEQUENCE, &in) || !cg_der_take_whole(&in, CG_DER_SEQUENCE, &out->info))
        return malformed(refusal, "CSR", "CertificationRequestInfo");
    if (!cg_der_take_whole(&in, CG_DER_SEQUENCE, &algorithm) || !take_octets(&in, &signature) || in.at != in.end)
        return malformed(refusal, "CSR", "AlgorithmIdentifier and BIT STRING at its end");
    if (!read_info(out->info, out, refusal))
        return false;
    return fits_key(&algorithm, out->key_algorithm) ||
           malformed(refusal, "signatureAlgorithm", "that of the new key, with SHA-256, SHA-384 or SHA-512");
}

bool cg_renewal_parse(const unsigned char *data, size_t len, struct cg_renewal_request *out, struct cg_refusal *refusal)
{
    struct cg_der in = {data, data + len};
    memset(out, 0, sizeof *out);
    out->whole = in;
    if (len > CG_RENEW_REQUEST_MAX)
        return malformed(refusal, "request", "at most 16384 octets");
    if (!cg_der_take_whole(&in, CG_DER_SEQUENCE, &out->csr))
        return malformed(refusal, "CSR", "SEQUENCE in DER");
    out->signature = in;
    if (in.at == in.end)
        return malformed(refusal, "request", "a signature after the CSR");
    return read_csr(out->csr, out, refusal);
}

static void hex(const unsigned char *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        *out++ = "0123456789abcdef"[bytes[i] >> 4];
        *out++ = "0123456789abcdef"[bytes[i] & 15];
    }
    *out = '\0';
}

bool cg_renewal_id(const X509 *current, const struct cg_renewal_request *request, char out[CG_RENEWAL_ID_MAX])
{
    unsigned char digest[32];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool ok = ctx && X509_digest(current, EVP_sha256(), digest, NULL) == 1 &&
                    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
                    EVP_DigestUpdate(ctx, digest, sizeof digest) == 1 &&
                    EVP_DigestUpdate(ctx, request->spki.at, cg_der_left(&request->spki)) == 1 &&
                    EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    out[0] = '\0';
    if (ok)
        hex(digest, sizeof digest, out);
    return ok;
}

bool cg_renewal_id_is_valid(const char *id)
{
    return strspn(id, "0123456789abcdef") == CG_RENEWAL_ID_MAX - 1 && id[CG_RENEWAL_ID_MAX - 1] == '\0';
}

unsigned char *cg_renewal_tbs(const X509 *current, const struct cg_der *csr, size_t *len)
{
    const size_t prefix = sizeof CG_RENEW_TBS_PREFIX - 1, digest = 32, rest = cg_der_left(csr);
    unsigned char *tbs = OPENSSL_malloc(prefix + digest + rest);
    if (!tbs || X509_digest(current, EVP_sha256(), tbs + prefix, NULL) != 1) {
        OPENSSL_free(tbs);
        return NULL;
    }
    memcpy(tbs, CG_RENEW_TBS_PREFIX, prefix);
    memcpy(tbs + prefix + digest, csr->at, rest);
    *len = prefix + digest + rest;
    return tbs;
}
