/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "renewal_maker.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "renewal maker: cannot make %s\n", what);
    ERR_print_errors_fp(stderr);
    abort();
}

void cg_made_add(struct cg_made *made, const void *data, size_t len)
{
    need(len <= sizeof made->data - made->len, "so much data");
    if (len)
        memcpy(made->data + made->len, data, len);
    made->len += len;
}

void cg_made_join(struct cg_made *made, const struct cg_made *more)
{
    cg_made_add(made, more->data, more->len);
}

struct cg_made *cg_made_wrap(struct cg_made *made, unsigned tag)
{
    unsigned char header[4] = {(unsigned char)tag, (unsigned char)made->len};
    size_t len = 2;
    if (made->len >= 0x80) {
        const bool two = made->len > 0xff;
        header[1] = two ? 0x82 : 0x81;
        if (two)
            header[len++] = (unsigned char)(made->len >> 8);
        header[len++] = (unsigned char)made->len;
    }
    need(made->len + len <= sizeof made->data, "so much data");
    memmove(made->data + len, made->data, made->len);
    memcpy(made->data, header, len);
    made->len += len;
    return made;
}

/* What i2d_* wrote; frees it. */
static void add_encoded(struct cg_made *out, unsigned char *der, int len)
{
    need(len > 0, "an encoding");
    cg_made_add(out, der, (size_t)len);
    OPENSSL_free(der);
}

static bool has_own_digest(const EVP_PKEY *key)
{
    return !EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "EC") && !EVP_PKEY_is_a(key, "RSA-PSS") &&
           !EVP_PKEY_is_a(key, "DSA");
}

static void add_signature(EVP_PKEY *key, const char *digest, const struct cg_made *tbs, struct cg_made *out)
{
    unsigned char signature[8192];
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    need(ctx && EVP_DigestSignInit_ex(ctx, NULL, has_own_digest(key) ? NULL : digest, NULL, NULL, key, NULL) == 1 &&
             EVP_DigestSign(ctx, signature, &len, tbs->data, tbs->len) == 1,
         "a signature");
    EVP_MD_CTX_free(ctx);
    cg_made_add(out, signature, len);
}

/* The algorithm that OpenSSL writes for a signature with key. */
static void add_algorithm(EVP_PKEY *key, const char *digest, struct cg_made *out)
{
    X509_REQ *req = X509_REQ_new();
    const X509_ALGOR *algorithm = NULL;
    unsigned char *der = NULL;
    need(req && X509_REQ_set_pubkey(req, key) == 1 &&
             X509_REQ_sign(req, key, has_own_digest(key) ? NULL : EVP_get_digestbyname(digest)) > 0,
         "a CSR");
    X509_REQ_get0_signature(req, NULL, &algorithm);
    const int len = i2d_X509_ALGOR((X509_ALGOR *)(uintptr_t)algorithm, &der);
    add_encoded(out, der, len);
    X509_REQ_free(req);
}

static void join_or(struct cg_made *out, const struct cg_made *part, const char *bytes, size_t len)
{
    if (part)
        cg_made_join(out, part);
    else
        cg_made_add(out, bytes, len);
}

static void add_info(const struct cg_request_parts *parts, struct cg_made *out)
{
    unsigned char *spki = NULL;
    struct cg_made info = {.len = 0};
    join_or(&info, parts->version, "\x02\x01\x00", 3);
    join_or(&info, parts->subject, "\x30\x00", 2);
    if (parts->spki)
        cg_made_join(&info, parts->spki);
    else {
        const int len = i2d_PUBKEY(parts->key, &spki);
        add_encoded(&info, spki, len);
    }
    join_or(&info, parts->attributes, "\xa0\x00", 2);
    cg_made_join(out, cg_made_wrap(&info, 0x30));
}

static void add_bits(EVP_PKEY *key, const char *digest, const struct cg_made *tbs, struct cg_made *out)
{
    struct cg_made bits = {.len = 0};
    cg_made_add(&bits, "", 1);
    add_signature(key, digest, tbs, &bits);
    cg_made_join(out, cg_made_wrap(&bits, 0x03));
}

static void add_csr(const struct cg_request_parts *parts, struct cg_made *out)
{
    const char *digest = parts->digest ? parts->digest : "SHA256";
    EVP_PKEY *proof = parts->proof ? parts->proof : parts->key;
    struct cg_made info = {.len = 0}, csr = {.len = 0};
    add_info(parts, &info);
    cg_made_join(&csr, &info);
    if (parts->algorithm)
        cg_made_join(&csr, parts->algorithm);
    else
        add_algorithm(proof, digest, &csr);
    add_bits(proof, digest, &info, &csr);
    cg_made_join(out, cg_made_wrap(&csr, 0x30));
}

static void add_digest(const X509 *cert, struct cg_made *out)
{
    unsigned char digest[32];
    need(X509_digest(cert, EVP_sha256(), digest, NULL) == 1, "a digest");
    cg_made_add(out, digest, sizeof digest);
}

void cg_request_make(const struct cg_request_parts *parts, struct cg_made *out)
{
    const char *prefix = parts->prefix ? parts->prefix : "certguard renew v1\n";
    struct cg_made tbs = {.len = 0};
    out->len = 0;
    add_csr(parts, out);
    cg_made_add(&tbs, prefix, strlen(prefix));
    add_digest(parts->current, &tbs);
    cg_made_join(&tbs, out);
    add_signature(parts->old, "SHA256", &tbs, out);
}

void cg_made_subject(const X509 *cert, struct cg_made *out)
{
    unsigned char *der = NULL;
    const int len = i2d_X509_NAME(X509_get_subject_name(cert), &der);
    out->len = 0;
    add_encoded(out, der, len);
}

void cg_made_san(const X509 *cert, struct cg_made *out)
{
    const int at = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
    need(at >= 0, "names of a certificate without");
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(cert, at));
    out->len = 0;
    cg_made_add(out, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
}

void cg_made_extension(const char *oid, size_t oid_len, const struct cg_made *value, struct cg_made *out)
{
    struct cg_made content = *value;
    out->len = 0;
    cg_made_add(out, oid, oid_len);
    cg_made_wrap(out, 0x06);
    cg_made_join(out, cg_made_wrap(&content, 0x04));
    cg_made_wrap(out, 0x30);
}

void cg_made_extension_request(const struct cg_made *list, struct cg_made *out)
{
    struct cg_made values = *list;
    out->len = 0;
    cg_made_wrap(cg_made_wrap(&values, 0x30), 0x31);
    cg_made_add(out, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e", 11);
    cg_made_join(out, &values);
    cg_made_wrap(cg_made_wrap(out, 0x30), 0xa0);
}

void cg_made_names(const X509 *cert, struct cg_made *out)
{
    struct cg_made san = {.len = 0}, extension = {.len = 0};
    cg_made_san(cert, &san);
    cg_made_extension("\x55\x1d\x11", 3, &san, &extension);
    cg_made_extension_request(&extension, out);
}

void cg_statement_make(const X509 *root, const X509 *holder, EVP_PKEY *signer, struct cg_made *out)
{
    struct cg_made tbs = {.len = 0};
    unsigned char *der = NULL;
    const int len = i2d_X509(root, &der);
    out->len = 0;
    add_encoded(out, der, len);
    cg_made_add(&tbs, "certguard root v1\n", 18);
    add_digest(holder, &tbs);
    cg_made_join(&tbs, out);
    add_signature(signer, "SHA256", &tbs, out);
}

void cg_statement_make_drop(const X509 *root, EVP_PKEY *signer, struct cg_made *out)
{
    struct cg_made tbs = {.len = 0};
    out->len = 0;
    cg_made_add(out, "", 1);
    add_digest(root, out);
    cg_made_add(&tbs, "certguard drop v1\n", 18);
    add_digest(root, &tbs);
    add_signature(signer, "SHA256", &tbs, out);
}

EVP_PKEY *cg_key_if_known(const char *type)
{
    EVP_PKEY *key = NULL;
    ERR_set_mark();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (ctx && EVP_PKEY_keygen_init(ctx) > 0)
        EVP_PKEY_generate(ctx, &key);
    EVP_PKEY_CTX_free(ctx);
    ERR_pop_to_mark();
    return key;
}

X509 *cg_cert_with_key(const X509 *cert, EVP_PKEY *key, EVP_PKEY *signer)
{
    X509 *copy = X509_dup(cert);
    need(copy && X509_set_pubkey(copy, key) == 1 &&
             X509_sign(copy, signer, has_own_digest(signer) ? NULL : EVP_sha256()) > 0,
         "a certificate");
    return copy;
}
