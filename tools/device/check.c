/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "check.h"
#include "base/failure.h"
#include "core/renewal/request.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string.h>

/* The digest of the protocol's signatures; NULL if the key type implies it. */
static const EVP_MD *digest_of(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "RSA") ? EVP_sha256() : NULL;
}

static unsigned char *make_csr(EVP_PKEY *key, int *len)
{
    unsigned char *der = NULL;
    X509_REQ *csr = X509_REQ_new();
    if (csr && X509_REQ_set_version(csr, X509_REQ_VERSION_1) == 1 && X509_REQ_set_pubkey(csr, key) == 1 &&
        X509_REQ_sign(csr, key, digest_of(key)) > 0)
        *len = i2d_X509_REQ(csr, &der);
    X509_REQ_free(csr);
    return *len > 0 ? der : NULL;
}

/* Appends the signature over tbs to the CSR of len octets. */
static unsigned char *add_signature(const unsigned char *csr, size_t len, EVP_PKEY *key, const unsigned char *tbs,
                                    size_t ntbs, size_t *total)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t room = (size_t)EVP_PKEY_get_size(key);
    unsigned char *request = OPENSSL_malloc(len + room);
    const bool ok = context && request && EVP_DigestSignInit(context, NULL, digest_of(key), NULL, key) == 1 &&
                    EVP_DigestSign(context, request + len, &room, tbs, ntbs) == 1;
    EVP_MD_CTX_free(context);
    if (!ok) {
        OPENSSL_free(request);
        return NULL;
    }
    memcpy(request, csr, len);
    *total = len + room;
    return request;
}

unsigned char *cg_device_request(const X509 *current, EVP_PKEY *current_key, EVP_PKEY *key, size_t *len,
                                 struct cg_error *err)
{
    int ncsr = 0;
    size_t ntbs = 0;
    unsigned char *csr = make_csr(key, &ncsr), *request = NULL;
    const struct cg_der span = {csr, csr + ncsr};
    unsigned char *tbs = csr ? cg_renewal_tbs(current, &span, &ntbs) : NULL;
    if (tbs)
        request = add_signature(csr, (size_t)ncsr, current_key, tbs, ntbs, len);
    if (!request)
        cg_fail_openssl(err, "sign", "the request");
    OPENSSL_free(tbs);
    OPENSSL_free(csr);
    return request;
}

STACK_OF(X509) *cg_device_path(X509 *leaf, STACK_OF(X509) *chain, STACK_OF(X509) *anchors, struct cg_error *err)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *path = NULL;
    bool ok = store && context;
    for (int i = 0; ok && i < sk_X509_num(anchors); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(anchors, i)) == 1;
    ok = ok && X509_STORE_CTX_init(context, store, leaf, chain) == 1 &&
         X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) == 1;
    if (ok)
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
    if (!ok)
        cg_fail_openssl(err, "check", "the certificate");
    else if (X509_verify_cert(context) != 1)
        cg_error_set(err, "its path does not verify to an anchor of ca.pem: %s",
                     X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    else if (!(path = X509_STORE_CTX_get1_chain(context)))
        cg_fail_memory(err);
    if (path)
        X509_free(sk_X509_shift(path));
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return path;
}
