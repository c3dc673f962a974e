/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_maker.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

void piece_add(struct piece *to, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    if (to->len + len > to->size) {
        to->size = (to->len + len) * 2;
        to->data = realloc(to->data, to->size);
        if (!to->data)
            abort();
    }
    memcpy(to->data + to->len, bytes, len);
    to->len += len;
}

void piece_free(struct piece *piece)
{
    free(piece->data);
    memset(piece, 0, sizeof *piece);
}

void piece_join(struct piece *to, struct piece *from)
{
    piece_add(to, from->data, from->len);
    piece_free(from);
}

void piece_wrap(struct piece *piece, unsigned tag)
{
    unsigned char header[10], *at = header + sizeof header;
    size_t len = piece->len, octets = 0;
    if (len < 0x80) {
        *--at = (unsigned char)len;
    } else {
        for (; len > 0; len >>= 8, octets++)
            *--at = (unsigned char)len;
        *--at = (unsigned char)(0x80 | octets);
    }
    *--at = (unsigned char)tag;
    size_t extra = (size_t)(header + sizeof header - at), old = piece->len;
    piece_add(piece, at, extra); /* grows the buffer */
    memmove(piece->data + extra, piece->data, old);
    memcpy(piece->data, at, extra);
}

void der_integer(struct piece *to, const void *magnitude, size_t len)
{
    const unsigned char *bytes = magnitude;
    struct piece one = {0};
    for (; len > 1 && *bytes == 0; len--)
        bytes++;
    if (len == 0 || *bytes & 0x80)
        piece_add(&one, "", 1);
    piece_add(&one, bytes, len);
    piece_wrap(&one, 0x02);
    piece_join(to, &one);
}

void der_small(struct piece *to, unsigned tag, long value)
{
    ASN1_INTEGER *integer = ASN1_INTEGER_new();
    unsigned char *der = NULL;
    int len = ASN1_INTEGER_set(integer, value) ? i2d_ASN1_INTEGER(integer, &der) : -1;
    if (len < 0)
        abort();
    der[0] = (unsigned char)tag;
    piece_add(to, der, (size_t)len);
    OPENSSL_free(der);
    ASN1_INTEGER_free(integer);
}

/* In days and seconds: time_t may have 32 bits. */
static ASN1_TIME *set_time(ASN1_TIME *time, int64_t seconds)
{
    return ASN1_TIME_adj(time, 0, (int)(seconds / DAY), (long)(seconds % DAY));
}

void der_time(struct piece *to, int64_t seconds)
{
    unsigned char *der = NULL;
    ASN1_TIME *time = set_time(NULL, seconds);
    int len = time ? i2d_ASN1_TIME(time, &der) : -1;
    if (len < 0)
        abort();
    piece_add(to, der, (size_t)len);
    OPENSSL_free(der);
    ASN1_TIME_free(time);
}

void der_extension(struct piece *to, int arc, bool critical, const struct piece *value)
{
    const unsigned char oid[] = {0x06, 0x03, 0x55, 0x1d, (unsigned char)arc};
    struct piece one = {0}, octets = {0};
    piece_add(&one, oid, sizeof oid);
    if (critical)
        piece_add(&one, "\x01\x01\xff", 3);
    piece_add(&octets, value->data, value->len);
    piece_wrap(&octets, 0x04);
    piece_join(&one, &octets);
    piece_wrap(&one, 0x30);
    piece_join(to, &one);
}

void der_entry(struct piece *to, const void *serial, size_t len, int64_t revoked_at, int reason)
{
    struct piece one = {0};
    der_integer(&one, serial, len);
    der_time(&one, revoked_at);
    if (reason >= 0) {
        struct piece value = {0}, list = {0};
        der_small(&value, 0x0a, reason);
        der_extension(&list, 21, false, &value);
        piece_free(&value);
        piece_wrap(&list, 0x30);
        piece_join(&one, &list);
    }
    piece_wrap(&one, 0x30);
    piece_join(to, &one);
}

static X509_NAME *make_name(const char *text)
{
    X509_NAME *name = X509_NAME_new();
    if (!name || !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0))
        abort();
    return name;
}

static void add_extension(X509 *cert, X509 *issuer, const char *line)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    char *copy = strdup(line), *equals = copy ? strchr(copy, '=') : NULL;
    if (!equals)
        abort();
    *equals = '\0';
    int nid = OBJ_txt2nid(copy);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, equals + 1);
    if (!extension || !X509_add_ext(cert, extension, -1))
        abort();
    X509_EXTENSION_free(extension);
    free(copy);
}

X509 *make_cert(const char *name, long serial, EVP_PKEY *key, const struct ca *issuer, const char *const *extensions)
{
    X509 *cert = X509_new();
    X509_NAME *subject = make_name(name);
    X509 *signer = issuer ? issuer->cert : cert;
    if (!cert || !X509_set_version(cert, 2) || !ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) ||
        !X509_set_subject_name(cert, subject) || !X509_set_issuer_name(cert, X509_get_subject_name(signer)) ||
        !set_time(X509_getm_notBefore(cert), MAKER_NOW - 365 * DAY) ||
        !set_time(X509_getm_notAfter(cert), MAKER_NOW + 365 * DAY) || !X509_set_pubkey(cert, key))
        abort();
    for (; extensions && *extensions; extensions++)
        add_extension(cert, signer, *extensions);
    EVP_PKEY *signing = issuer ? issuer->key : key;
    if (!X509_sign(cert, signing, EVP_PKEY_is_a(signing, "ED25519") ? NULL : EVP_sha256()))
        abort();
    X509_NAME_free(subject);
    unsigned char *der = NULL; /* parsed again, because OpenSSL caches fields of the object it has built */
    int len = i2d_X509(cert, &der);
    const unsigned char *at = der;
    X509_free(cert);
    cert = d2i_X509(NULL, &at, len);
    OPENSSL_free(der);
    if (!cert)
        abort();
    return cert;
}

struct ca make_ca(const char *name, const struct ca *issuer, EVP_PKEY *key)
{
    static const char *const extensions[] = {"basicConstraints=critical,CA:TRUE", "subjectKeyIdentifier=hash",
                                             "keyUsage=critical,keyCertSign,cRLSign", NULL};
    struct ca ca = {NULL, key ? key : EVP_EC_gen("P-256")};
    if (!ca.key || (key && !EVP_PKEY_up_ref(key)))
        abort();
    ca.cert = make_cert(name, 1, ca.key, issuer, extensions);
    return ca;
}

void free_ca(struct ca *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    memset(ca, 0, sizeof *ca);
}

static EVP_MD_CTX *signing_context(const struct crl_shape *shape)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    EVP_PKEY *key = shape->issuer->key;
    const EVP_MD *digest = EVP_get_digestbyname(shape->digest ? shape->digest : "SHA256");
    if (EVP_PKEY_is_a(key, "ED25519"))
        digest = NULL;
    if (!context || EVP_DigestSignInit(context, &key_context, digest, NULL, key) != 1)
        abort();
    if (shape->pss && (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) != 1 ||
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) != 1))
        abort();
    return context;
}

/* The AlgorithmIdentifier: OpenSSL makes it by signing a dummy in the same way. */
static struct piece algorithm_of(const struct crl_shape *shape)
{
    X509 *dummy = X509_new();
    EVP_MD_CTX *context = signing_context(shape);
    const X509_ALGOR *algorithm;
    unsigned char *der = NULL;
    struct piece out = {0};
    if (!dummy || !X509_set_pubkey(dummy, shape->issuer->key) || !X509_sign_ctx(dummy, context))
        abort();
    X509_get0_signature(NULL, &algorithm, dummy);
    int len = i2d_X509_ALGOR(algorithm, &der);
    piece_add(&out, der, (size_t)len);
    OPENSSL_free(der);
    EVP_MD_CTX_free(context);
    X509_free(dummy);
    return out;
}

static void add_name(struct piece *to, const struct crl_shape *shape)
{
    X509_NAME *name = shape->name ? make_name(shape->name) : X509_NAME_dup(X509_get_subject_name(shape->issuer->cert));
    unsigned char *der = NULL;
    int len = i2d_X509_NAME(name, &der);
    piece_add(to, der, (size_t)len);
    OPENSSL_free(der);
    X509_NAME_free(name);
}

static struct piece make_tbs(const struct crl_shape *shape, const struct piece *algorithm)
{
    struct piece tbs = {0}, extensions = {0}, number = {0};
    bool dated = shape->this_update || shape->next_update;
    if (!shape->v1)
        der_small(&tbs, 0x02, 1);
    if (shape->other_inner_algorithm)
        piece_add(&tbs, "\x30\x05\x06\x03\x2b\x65\x70", 7); /* Ed25519 */
    else
        piece_add(&tbs, algorithm->data, algorithm->len);
    add_name(&tbs, shape);
    der_time(&tbs, MAKER_NOW + (dated ? shape->this_update : -DAY));
    if (!shape->no_next_update)
        der_time(&tbs, MAKER_NOW + (dated ? shape->next_update : 7 * DAY));
    if (shape->entries) {
        struct piece list = {0};
        piece_add(&list, shape->entries->data, shape->entries->len);
        piece_wrap(&list, 0x30);
        piece_join(&tbs, &list);
    }
    if (shape->number >= 0) {
        der_small(&number, 0x02, shape->number ? shape->number : 1);
        der_extension(&extensions, 20, false, &number);
        piece_free(&number);
    }
    if (shape->extensions)
        piece_add(&extensions, shape->extensions->data, shape->extensions->len);
    if (extensions.len > 0 && !shape->v1) {
        piece_wrap(&extensions, 0x30);
        piece_wrap(&extensions, 0xa0);
        piece_join(&tbs, &extensions);
    }
    piece_free(&extensions);
    piece_wrap(&tbs, 0x30);
    return tbs;
}

unsigned char *make_crl(const struct crl_shape *shape, size_t *len)
{
    struct piece algorithm = algorithm_of(shape), tbs = make_tbs(shape, &algorithm), signature = {0};
    EVP_MD_CTX *context = signing_context(shape);
    size_t bytes = 0;
    if (EVP_DigestSign(context, NULL, &bytes, tbs.data, tbs.len) != 1)
        abort();
    unsigned char *raw = malloc(bytes);
    if (!raw || EVP_DigestSign(context, raw, &bytes, tbs.data, tbs.len) != 1)
        abort();
    if (shape->break_signature)
        raw[bytes - 1] ^= 1;
    piece_add(&signature, "", 1);
    piece_add(&signature, raw, bytes);
    piece_wrap(&signature, 0x03);
    piece_join(&tbs, &algorithm);
    piece_join(&tbs, &signature);
    piece_wrap(&tbs, 0x30);
    if (shape->trailing_byte)
        piece_add(&tbs, "", 1);
    free(raw);
    EVP_MD_CTX_free(context);
    *len = tbs.len;
    return tbs.data;
}
