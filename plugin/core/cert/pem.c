/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pem.h"

#include "der.h"
#include "format.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define DECODE_STEP (1 << 20) /* EVP_DecodeUpdate takes an int */

static const char begin_mark[] = "-----BEGIN ", end_mark[] = "-----END ", dashes[] = "-----";

static unsigned char *find(unsigned char *data, size_t len, const char *mark)
{
    return memmem(data, len, mark, strlen(mark));
}

/* Decodes base64 in place: the output never overtakes the input. */
static bool decode(unsigned char *text, size_t len, size_t *out_len)
{
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    unsigned char *out = text;
    int n = 0, more = 1;
    bool ok = ctx != NULL;
    if (ok)
        EVP_DecodeInit(ctx);
    for (size_t at = 0; ok && at < len; at += DECODE_STEP) {
        int step = (int)(len - at < DECODE_STEP ? len - at : DECODE_STEP);
        more = EVP_DecodeUpdate(ctx, out, &n, text + at, step);
        ok = more >= 0;
        out += ok ? n : 0;
    }
    ok = ok && EVP_DecodeFinal(ctx, out, &n) == 1;
    *out_len = ok ? (size_t)(out - text) + (size_t)n : 0;
    EVP_ENCODE_CTX_free(ctx);
    return ok && *out_len > 0;
}

static bool is_certificate(const char *label)
{
    return strcmp(label, "CERTIFICATE") == 0 || strcmp(label, "X509 CERTIFICATE") == 0;
}

/* what: the fault of the block. A certificate is named by its position in the file, as if it did not decode. */
static enum cg_pem_step fault(const struct cg_pem *pem, const char *what, struct cg_error *err)
{
    const bool label = pem->label[0] != '\0';
    if (is_certificate(pem->label))
        cg_error_set(err, "%s: certificate %u: %s", pem->place, pem->number, what);
    else
        cg_error_set(err, "%s: PEM block %u%s%s%s: %s", pem->place, pem->number, label ? " (" : "", pem->label,
                     label ? ")" : "", what);
    return CG_PEM_FAULT;
}

enum cg_pem_step cg_pem_next(struct cg_pem *pem, struct cg_error *err)
{
    pem->label[0] = '\0';
    pem->number++;
    unsigned char *begin = find(pem->data + pem->at, pem->len - pem->at, begin_mark);
    if (!begin) {
        /* "-----BEG": the end of a file that is still being written */
        unsigned char *rest = find(pem->data + pem->at, pem->len - pem->at, dashes);
        return rest ? fault(pem, "the file ends inside it. Check that the file is complete", err) : CG_PEM_END;
    }
    unsigned char *label = begin + strlen(begin_mark), *limit = pem->data + pem->len;
    unsigned char *label_end = find(label, (size_t)(limit - label), dashes);
    if (!label_end || (size_t)(label_end - label) >= sizeof pem->label ||
        memchr(label, '\n', (size_t)(label_end - label)))
        return fault(pem, "its BEGIN line is malformed. Check that the file is complete", err);
    memcpy(pem->label, label, (size_t)(label_end - label));
    pem->label[label_end - label] = '\0';

    unsigned char *body = label_end + strlen(dashes);
    unsigned char *end = find(body, (size_t)(limit - body), end_mark);
    size_t tail = strlen(end_mark) + strlen(pem->label) + strlen(dashes);
    if (!end || (size_t)(limit - end) < tail || memcmp(end + strlen(end_mark), pem->label, strlen(pem->label)) != 0 ||
        memcmp(end + tail - strlen(dashes), dashes, strlen(dashes)) != 0)
        return fault(pem, "its PEM block has no END line. Check that the file is complete", err);
    pem->at = (size_t)(end + tail - pem->data);
    pem->der = body;
    pem->der_len = 0;
    /* A key may have header lines, and no caller needs its content. */
    if (strstr(pem->label, "PRIVATE KEY"))
        return CG_PEM_BLOCK;
    if (!decode(body, (size_t)(end - body), &pem->der_len))
        return fault(pem, "its PEM block is not base64. Copy the file again", err);
    return CG_PEM_BLOCK;
}

bool cg_is_der(const void *data, size_t len)
{
    const unsigned char *bytes = data;
    return len > 2 && bytes[0] == 0x30 && bytes[1] >= 0x80; /* a SEQUENCE of 128 bytes or more is never text */
}

/* Is it a certificate whose only fault is the form of its dates? OpenSSL before 4 decodes dates without seconds. */
static bool has_wrong_dates(const unsigned char *der, size_t len)
{
    struct cg_der in = {der, der + len}, cert, tbs, skipped, dates;
    int64_t from, to;
    if (!cg_der_take(&in, CG_DER_SEQUENCE, &cert) || !cg_der_take(&cert, CG_DER_SEQUENCE, &tbs))
        return false;
    (void)cg_der_take(&tbs, CG_DER_CONTEXT_0, &skipped); /* the version, which may be absent */
    return cg_der_take(&tbs, CG_DER_INTEGER, &skipped) && cg_der_take(&tbs, CG_DER_SEQUENCE, &skipped) &&
           cg_der_take(&tbs, CG_DER_SEQUENCE, &skipped) && cg_der_take(&tbs, CG_DER_SEQUENCE, &dates) &&
           !(cg_der_take_time(&dates, &from) && cg_der_take_time(&dates, &to));
}

static const char *why_unreadable(const unsigned char *der, size_t len)
{
    return has_wrong_dates(der, len) ? "a date of its validity is not in UTC with seconds (RFC 5280 4.1.2.5), so "
                                       "OpenSSL does not read it. Have it issued again, or remove it from the file"
                                     : "not a valid X.509 certificate. Export it again, or remove it from the file";
}

static bool add_certificate(const char *place, const unsigned char *der, size_t len, STACK_OF(X509) *certs,
                            struct cg_error *err)
{
    const unsigned char *p = der;
    X509 *cert = d2i_X509(NULL, &p, (long)len);
    int index = sk_X509_num(certs) + 1;
    if (!cert || p != der + len) {
        cg_error_set(err, "%s: certificate %d: %s", place, index,
                     cert ? "bytes follow after its end. Export it again" : why_unreadable(der, len));
        X509_free(cert);
        return false;
    }
    if (!sk_X509_push(certs, cert)) {
        cg_error_set(err, "%s: out of memory", place);
        X509_free(cert);
        return false;
    }
    return true;
}

static bool add_block(const struct cg_pem *pem, STACK_OF(X509) *certs, struct cg_error *err)
{
    if (is_certificate(pem->label))
        return add_certificate(pem->place, pem->der, pem->der_len, certs, err);
    if (strstr(pem->label, "PRIVATE KEY"))
        cg_error_set(
            err,
            "%s: contains a private key. A CA's private key does not belong on this machine, and no key belongs in a "
            "file of certificates. Remove it from the file, and replace the key if others could read it",
            pem->place);
    else if (strcmp(pem->label, "X509 CRL") == 0)
        cg_error_set(err, "%s: contains a CRL. Put CRLs into separate files and name them in trust.crls", pem->place);
    else if (!cg_format_explain(pem->place, pem->label, NULL, 0, CG_WANT_CERTIFICATES, err))
        cg_error_set(err, "%s: expected certificates, found a PEM block %s. Remove it", pem->place, pem->label);
    return false;
}

static bool read_pem(struct cg_pem *pem, size_t max, STACK_OF(X509) *certs, struct cg_error *err)
{
    enum cg_pem_step step = CG_PEM_FAULT;
    while ((step = cg_pem_next(pem, err)) == CG_PEM_BLOCK) {
        if ((size_t)sk_X509_num(certs) >= max) {
            cg_error_set(err, "%s: contains more than %zu certificates", pem->place, max);
            return false;
        }
        if (!add_block(pem, certs, err))
            return false;
    }
    if (step == CG_PEM_END && sk_X509_num(certs) == 0)
        cg_error_set(err, "%s: expected certificates in PEM or DER, found none. Check that it is the right file",
                     pem->place);
    return step == CG_PEM_END && sk_X509_num(certs) > 0;
}

bool cg_certificates_read(const char *place, const void *data, size_t len, size_t max, STACK_OF(X509) **out,
                          struct cg_error *err)
{
    struct cg_pem pem = {.place = place, .len = len};
    STACK_OF(X509) *certs = sk_X509_new_null();
    bool ok = false;
    *out = NULL;
    ERR_set_mark();
    pem.data = malloc(len ? len : 1);
    if (!certs || !pem.data) {
        cg_error_set(err, "%s: out of memory", place);
        goto out;
    }
    memcpy(pem.data, data, len);
    ok = cg_is_der(data, len) ? add_certificate(place, data, len, certs, err) : read_pem(&pem, max, certs, err);
    if (!ok && !memmem(data, len, begin_mark, strlen(begin_mark)))
        cg_format_explain(place, NULL, data, len, CG_WANT_CERTIFICATES, err);
out:
    ERR_pop_to_mark();
    free(pem.data);
    if (ok)
        *out = certs;
    else
        sk_X509_pop_free(certs, X509_free);
    return ok;
}
