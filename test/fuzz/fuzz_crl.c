/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CRL parser. A fuzzer cannot find a valid signature, so the input is the content of a tbsCertList, which is signed here with
 * the CA's key. OpenSSL must be able to parse and verify every accepted CRL, and to find the same entries. */
#include "core/crl/crl.h"
#include "crl_maker.h"
#include "fuzz.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

static struct ca ca;
static X509 *subject;
static STACK_OF(X509) *issuers;

static void set_up(void)
{
    static const char *const points[] = {"crlDistributionPoints=URI:http:1", NULL};
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ca = make_ca("CA", NULL, key);
    subject = make_cert("leaf", 5, ca.key, &ca, points);
    issuers = sk_X509_new_null();
    if (!sk_X509_push(issuers, ca.cert))
        abort();
    EVP_PKEY_free(key);
}

/* Makes a CertificateList from the content of a tbsCertList. */
static struct piece sign(const uint8_t *data, size_t size)
{
    struct piece tbs = {0}, signature = {0};
    unsigned char raw[64];
    size_t bytes = sizeof raw;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    piece_add(&tbs, data, size);
    piece_wrap(&tbs, 0x30);
    if (EVP_DigestSignInit(context, NULL, NULL, NULL, ca.key) != 1 ||
        EVP_DigestSign(context, raw, &bytes, tbs.data, tbs.len) != 1)
        abort();
    EVP_MD_CTX_free(context);
    piece_add(&tbs, "\x30\x05\x06\x03\x2b\x65\x70", 7); /* Ed25519 */
    piece_add(&signature, "", 1);
    piece_add(&signature, raw, bytes);
    piece_wrap(&signature, 0x03);
    piece_join(&tbs, &signature);
    piece_wrap(&tbs, 0x30);
    return tbs;
}

static void compare_with_openssl(const struct piece *der, const struct cg_crl_answer *answer, bool indirect_or_delta)
{
    const unsigned char *at = der->data;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der->len);
    X509_REVOKED *entry = NULL;
    if (!crl || at != der->data + der->len || X509_CRL_verify(crl, ca.key) != 1)
        abort();
    bool listed = X509_CRL_get0_by_cert(crl, &entry, subject) == 1;
    if (!indirect_or_delta && listed != (answer->status == CG_CRL_STATUS_REVOKED))
        abort();
    X509_CRL_free(crl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cg_crl_params params = {.now = MAKER_NOW};
    if (!issuers)
        set_up();
    struct cg_crl_set *strict = cg_crl_set_new(), *lax = cg_crl_set_new();
    struct cg_crl_answer answer;
    struct cg_error err = {""};
    if (!strict || !lax)
        abort();
    /* the input itself as a CRL tests the parser of the outermost structure */
    if (cg_crl_set_add(strict, data, size, issuers, true, &err))
        abort();
    struct piece der = sign(data, size);
    bool strict_ok = cg_crl_set_add(strict, der.data, der.len, issuers, true, &err);
    bool lax_ok = cg_crl_set_add(lax, der.data, der.len, issuers, false, &err);
    if (strict_ok && !lax_ok)
        abort();
    if (lax_ok) {
        cg_crl_set_look_up(lax, subject, ca.cert, &params, &answer);
        compare_with_openssl(&der, &answer, !strict_ok);
    }
    piece_free(&der);
    cg_crl_set_free(strict);
    cg_crl_set_free(lax);
    ERR_clear_error();
    return 0;
}
