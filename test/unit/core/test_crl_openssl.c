/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Against OpenSSL's own reader, on random CRLs, mutated before they are signed: we accept no CRL that OpenSSL cannot
 * parse or verify, and call no certificate good that OpenSSL finds in it. */
#include "core/crl/crl.h"
#include "crl_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#define ROUNDS  4000
#define SUBJECT 0x42

static struct ca ca;
static X509 *subject;
static STACK_OF(X509) *issuers;

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static unsigned char *random_crl(uint64_t *seed, size_t *len)
{
    struct piece entries = {0};
    size_t count = (size_t)(next_random(seed) % 12);
    for (size_t i = 0; i < count; i++) {
        unsigned char serial[20];
        size_t octets = 1 + (size_t)(next_random(seed) % sizeof serial);
        for (size_t k = 0; k < octets; k++)
            serial[k] = (unsigned char)next_random(seed);
        if (next_random(seed) % 8 == 0) {
            serial[0] = SUBJECT;
            octets = 1;
        }
        int reason = (int)(next_random(seed) % 7) - 1;
        der_entry(&entries, serial, octets, MAKER_NOW - (int64_t)(next_random(seed) % 100000), reason);
    }
    const struct crl_shape shape = {.issuer = &ca, .entries = count ? &entries : NULL};
    unsigned char *der = make_crl(&shape, len);
    piece_free(&entries);
    return der;
}

/* Changes octets anywhere in tbsCertList and signs it again, so that the change is not caught by the signature. */
static unsigned char *mutate_and_sign(uint64_t *seed, unsigned char *der, size_t *len)
{
    const unsigned char *at = der;
    long tbs_len;
    int tag, class;
    ASN1_get_object(&at, &tbs_len, &tag, &class, (long)*len);
    const unsigned char *start = at;
    ASN1_get_object(&at, &tbs_len, &tag, &class, (long)*len);
    size_t tbs = (size_t)(at - start + tbs_len), offset = (size_t)(start - der), bytes = 0;
    for (uint64_t n = next_random(seed) % 3; n > 0; n--)
        der[offset + next_random(seed) % tbs] ^= (unsigned char)(1u << next_random(seed) % 8);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct piece out = {0}, signature = {0};
    unsigned char raw[256];
    bytes = sizeof raw;
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, ca.key) != 1 ||
        EVP_DigestSign(context, raw, &bytes, der + offset, tbs) != 1)
        abort();
    EVP_MD_CTX_free(context);
    piece_add(&out, der + offset, tbs);
    piece_add(&out, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12); /* ecdsa-with-SHA256 */
    piece_add(&signature, "", 1);
    piece_add(&signature, raw, bytes);
    piece_wrap(&signature, 0x03);
    piece_join(&out, &signature);
    piece_wrap(&out, 0x30);
    free(der);
    *len = out.len;
    return out.data;
}

static void compare(const unsigned char *der, size_t len, size_t round, size_t *accepted, size_t *revoked)
{
    const struct cg_crl_params terms = {.now = MAKER_NOW, .skew = INT64_C(1) << 40, .grace = INT64_C(1) << 40};
    struct cg_crl_set *set = cg_crl_set_new();
    struct cg_crl_answer answer;
    const unsigned char *at = der;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)len);
    X509_REVOKED *entry = NULL;
    bool ours = cg_crl_set_add(set, der, len, issuers, false, NULL);
    bool theirs = crl && at == der + len && X509_CRL_verify(crl, ca.key) == 1;
    if (ours && !theirs)
        fail_msg("round %zu: accepted what OpenSSL refuses", round);
    bool listed = theirs && X509_CRL_get0_by_cert(crl, &entry, subject) == 1;
    cg_crl_set_look_up(set, subject, ca.cert, &terms, &answer);
    if (listed && answer.status == CG_CRL_STATUS_GOOD)
        fail_msg("round %zu: good, but OpenSSL says revoked", round);
    if (answer.status == CG_CRL_STATUS_REVOKED && !listed)
        fail_msg("round %zu: revoked, but OpenSSL does not list it", round);
    *accepted += ours;
    *revoked += answer.status == CG_CRL_STATUS_REVOKED;
    X509_CRL_free(crl);
    cg_crl_set_free(set);
}

static void never_laxer_than_openssl(void **state)
{
    (void)state;
    uint64_t seed = UINT64_C(0x2545f4914f6cdd1d);
    size_t accepted = 0, revoked = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t len;
        unsigned char *der = random_crl(&seed, &len);
        der = mutate_and_sign(&seed, der, &len);
        compare(der, len, round, &accepted, &revoked);
        free(der);
        ERR_clear_error();
    }
    /* the comparison must have had something to compare */
    assert_true(accepted > ROUNDS / 4 && accepted < ROUNDS * 9 / 10);
    assert_true(revoked > ROUNDS / 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_laxer_than_openssl)};
    ca = make_ca("CA", NULL, NULL);
    subject = make_cert("leaf", SUBJECT, ca.key, &ca, NULL);
    issuers = sk_X509_new_null();
    sk_X509_push(issuers, ca.cert);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sk_X509_free(issuers);
    X509_free(subject);
    free_ca(&ca);
    return failed;
}
