/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Renewal requests, against OpenSSL's reader. Whoever may ask holds the old key and the new one, so S is made here for any CSR, and
 * the CSR's own signature for one with the fixed key: what remains to be refused is what was asked. What is read is what OpenSSL
 * reads; what it reads differently, or not at all, is not verified. */
#include "chain_input.h"
#include "core/policy/policy_load.h"
#include "core/renewal/question.h"
#include "core/renewal/request_check.h"
#include "fuzz.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define OLD_KEY 0
#define NEW_KEY 1

static X509 *current;
static struct cg_policy *policy;

static void set_up(void)
{
    struct cg_error err = {""};
    struct cg_pki *pki = cg_pki_new(CHAIN_NOW);
    cg_pki_make(pki, "dev: san=uri:urn:dev:1,dns:dev1.example");
    current = cg_cert_with_key(cg_pki_cert(pki, "dev"), chain_key(OLD_KEY), chain_key(OLD_KEY));
    policy = cg_policy_default("none.pem", &err);
    cg_pki_free(pki);
    if (!policy)
        abort();
}

static void need(bool ok)
{
    if (!ok)
        abort();
}

static bool same(const struct cg_der *span, const unsigned char *der, size_t len)
{
    return cg_der_left(span) == len && memcmp(span->at, der, len) == 0;
}

static void sign(EVP_PKEY *key, const void *tbs, size_t len, struct cg_made *out)
{
    unsigned char signature[64];
    size_t size = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    need(ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
         EVP_DigestSign(ctx, signature, &size, tbs, len) == 1);
    EVP_MD_CTX_free(ctx);
    cg_made_add(out, signature, size);
}

/* The CSR, signed with the fixed key if it is its own. */
static void add_csr(const struct cg_renewal_request *request, struct cg_made *out)
{
    struct cg_made bits = {.len = 0};
    unsigned char *spki = NULL;
    const int len = i2d_PUBKEY(chain_key(NEW_KEY), &spki);
    const bool own = same(&request->spki, spki, (size_t)len);
    OPENSSL_free(spki);
    out->len = 0;
    if (!own) {
        cg_made_add(out, request->csr.at, cg_der_left(&request->csr));
        return;
    }
    cg_made_add(&bits, "", 1);
    sign(chain_key(NEW_KEY), request->info.at, cg_der_left(&request->info), &bits);
    cg_made_add(out, request->info.at, cg_der_left(&request->info));
    cg_made_add(out, "\x30\x05\x06\x03\x2b\x65\x70", 7);
    cg_made_join(out, cg_made_wrap(&bits, 0x03));
    cg_made_wrap(out, 0x30);
}

static void add_signature(struct cg_made *out)
{
    const struct cg_der csr = {out->data, out->data + out->len};
    size_t len = 0;
    unsigned char *tbs = cg_renewal_tbs(current, &csr, &len);
    need(tbs != NULL);
    sign(chain_key(OLD_KEY), tbs, len, out);
    OPENSSL_free(tbs);
}

/* The names that OpenSSL finds in the extensionRequest. */
static void check_names(X509_REQ *csr, const struct cg_renewal_request *request)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_attr_by_NID(csr, NID_ext_req, -1) >= 0
                                               ? X509_REQ_get_extensions(csr)
                                               : NULL;
    const int at = X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1);
    need((at >= 0) == (request->names.at != NULL));
    if (at >= 0) {
        const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509v3_get_ext(extensions, at));
        need(same(&request->names, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
        need(X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, at) < 0);
    }
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

static void check_parts(X509_REQ *csr, const struct cg_renewal_request *request)
{
    const unsigned char *name = NULL;
    unsigned char *spki = NULL;
    size_t name_len = 0;
    need(X509_NAME_get0_der(X509_REQ_get_subject_name(csr), &name, &name_len) == 1);
    need(same(&request->subject, name, name_len));
    const int len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(csr), &spki);
    need(len > 0 && same(&request->spki, spki, (size_t)len));
    OPENSSL_free(spki);
    need(X509_REQ_get_version(csr) == X509_REQ_VERSION_1);
    check_names(csr, request);
}

/* csr: NULL if OpenSSL does not read it. */
static void check_verdict(X509_REQ *csr, const struct cg_renewal_request *request)
{
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    if (!cg_renewal_verify(request, current, &policy->base.client, &refusal)) {
        need(refusal.reason != CG_REASON_UNSET && refusal.reason != CG_REASON_OK && refusal.detail[0]);
        need(refusal.reason != CG_REASON_RENEWAL_BAD_SIGNATURE);
        return;
    }
    unsigned char *der = NULL;
    const int len = csr ? i2d_X509_REQ(csr, &der) : 0;
    need(len > 0 && same(&request->csr, der, (size_t)len));
    OPENSSL_free(der);
    need(X509_REQ_verify(csr, X509_REQ_get0_pubkey(csr)) == 1);
    need(cg_der_left(&request->subject) == 2 ||
         X509_NAME_cmp(X509_REQ_get_subject_name(csr), X509_get_subject_name(current)) == 0);
}

/* Spans lie in the request and in each other. */
static void check_spans(const struct cg_renewal_request *request, const uint8_t *data, size_t size)
{
    need(request->whole.at == data && request->csr.at == data && request->csr.end == request->signature.at);
    need(request->signature.end == data + size && request->signature.at < request->signature.end);
    need(request->info.at > request->csr.at && request->info.end < request->csr.end);
    need(request->subject.at > request->info.at && request->subject.end == request->spki.at);
    need(request->spki.end <= request->info.end && request->key_algorithm != 0);
    need(!request->names.at || (request->names.at > request->spki.end && request->names.end <= request->info.end));
}

static void check_base64(const uint8_t *data, size_t size)
{
    static unsigned char out[CG_RENEW_REQUEST_MAX];
    char text[64];
    if (cg_question_of(data, size).kind == CG_QUESTION_UNKNOWN || size > sizeof text - 1)
        return;
    memcpy(text, data, size);
    const size_t len = cg_renewal_decode(text, size, out, sizeof out);
    if (len == 0 || memchr(text, '\n', size))
        return;
    char again[64];
    need((size_t)EVP_EncodeBlock((unsigned char *)again, out, (int)len) == size && memcmp(again, text, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cg_made made;
    struct cg_renewal_request request;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    char id[CG_RENEWAL_ID_MAX];
    if (!current)
        set_up();
    check_base64(data, size);
    if (!cg_renewal_parse(data, size, &request, &refusal)) {
        need((refusal.reason == CG_REASON_RENEWAL_MALFORMED || refusal.reason == CG_REASON_RENEWAL_KEY_NOT_ALLOWED) &&
             refusal.detail[0]);
        return 0;
    }
    check_spans(&request, data, size);
    add_csr(&request, &made);
    add_signature(&made);
    if (!cg_renewal_parse(made.data, made.len, &request, &refusal)) {
        need(made.len > CG_RENEW_REQUEST_MAX);
        return 0;
    }
    need(cg_renewal_id(current, &request, id) && cg_renewal_id_is_valid(id));
    const unsigned char *at = request.csr.at;
    X509_REQ *csr = d2i_X509_REQ(NULL, &at, (long)cg_der_left(&request.csr));
    need(!csr || at == request.csr.end);
    if (csr)
        check_parts(csr, &request);
    check_verdict(csr, &request);
    X509_REQ_free(csr);
    ERR_clear_error();
    return 0;
}
