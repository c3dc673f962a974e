/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The status of a certificate by random sets of CRLs - partitioned, by reasons, deltas, past their time, with and without
 * entry extensions - against X509_verify_cert with all that OpenSSL knows of CRLs switched on. */
#include "core/crl/crl.h"
#include "crl_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#define ROUNDS 2000
#define LISTS  3
#define SERIAL 5

static struct ca ca;
static X509 *subjects[4];
static STACK_OF(X509) *anchors;

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static unsigned below(unsigned limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 11) % limit;
}

#define POINT_1 "\xa0\x0a\xa0\x08\x86\x06http:1"
#define POINT_2 "\xa0\x0a\xa0\x08\x86\x06http:2"

/* contents of issuingDistributionPoint */
static const char *const scopes[] = {
    "",
    "",
    "",
    "\x81\x01\xff", /* onlyContainsUserCerts */
    "\x82\x01\xff", /* onlyContainsCACerts */
    "\x85\x01\xff", /* onlyContainsAttributeCerts */
    POINT_1,
    POINT_2,
    POINT_1 "\x81\x01\xff",
    "\x83\x02\x05\x60",     /* onlySomeReasons: keyCompromise, cACompromise */
    "\x83\x03\x07\x9f\x80", /* all others */
    POINT_1 "\x83\x02\x05\x60",
};
#define NSCOPES (sizeof scopes / sizeof *scopes)

static void add_extension(struct piece *to, int arc, bool critical, struct piece *value)
{
    der_extension(to, arc, critical, value);
    piece_free(value);
}

/* with CRLReason, invalidityDate, both or neither */
static void add_entry(struct piece *entries, unsigned char serial, int reason)
{
    struct piece one = {0}, extensions = {0}, value = {0};
    der_integer(&one, &serial, 1);
    der_time(&one, MAKER_NOW - DAY);
    if (reason >= 0) {
        der_small(&value, 0x0a, reason);
        add_extension(&extensions, 21, false, &value);
    }
    if (below(3) == 0) {
        piece_add(&value,
                  "\x18\x0f"
                  "20251201000000Z",
                  17);
        add_extension(&extensions, 24, false, &value);
    }
    if (extensions.len)
        piece_wrap(&extensions, 0x30);
    piece_join(&one, &extensions);
    piece_wrap(&one, 0x30);
    piece_join(entries, &one);
}

static unsigned char *random_crl(int number, size_t *len)
{
    struct piece entries = {0}, extensions = {0}, value = {0};
    struct crl_shape shape = {.issuer = &ca, .number = number, .extensions = &extensions};
    const char *scope = scopes[below(NSCOPES)];
    bool delta = below(5) == 0, old = number == 2 && below(4) == 0;
    shape.this_update = (old ? -9 * DAY : -DAY) + number; /* a later number is a later one: OpenSSL goes by the date */
    shape.next_update = old ? -DAY : 7 * DAY;
    if (*scope) {
        piece_add(&value, scope, strlen(scope));
        piece_wrap(&value, 0x30);
        add_extension(&extensions, 28, true, &value);
    }
    if (delta) {
        der_small(&value, 0x02, 1 + (long)below((unsigned)number));
        add_extension(&extensions, 27, true, &value);
    }
    if (below(3) == 0) /* reasons 1 to 6; 8 takes back, in a delta */
        add_entry(&entries, SERIAL, delta && below(2) ? 8 : (int)below(7) - 1 ? (int)below(6) + 1 : -1);
    if (below(2) == 0)
        add_entry(&entries, SERIAL + 1, -1);
    shape.entries = entries.len ? &entries : NULL;
    unsigned char *der = make_crl(&shape, len);
    piece_free(&entries);
    piece_free(&extensions);
    return der;
}

static int verified(X509 *subject, STACK_OF(X509_CRL) *crls)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_CTX_init(ctx, store, subject, NULL);
    X509_STORE_CTX_set0_trusted_stack(ctx, anchors);
    X509_STORE_CTX_set0_crls(ctx, crls);
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), MAKER_NOW);
    X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return error;
}

static size_t agreed, stricter, good, revoked;

static void one_round(size_t round)
{
    const struct cg_crl_params terms = {.now = MAKER_NOW};
    struct cg_crl_set *set = cg_crl_set_new();
    STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
    struct cg_crl_answer answer;
    X509 *subject = subjects[below(4)];
    for (int i = 0, count = 1 + (int)below(LISTS); i < count; i++) {
        size_t len;
        unsigned char *der = random_crl(i + 2, &len);
        const unsigned char *at = der;
        if (cg_crl_set_add(set, der, len, anchors, false, NULL))
            sk_X509_CRL_push(crls, d2i_X509_CRL(NULL, &at, (long)len));
        free(der);
    }
    cg_crl_set_look_up(set, subject, ca.cert, &terms, &answer);
    int theirs = verified(subject, crls);
    if (answer.status == CG_CRL_STATUS_GOOD && theirs != X509_V_OK)
        fail_msg("round %zu: good, but OpenSSL says: %s", round, X509_verify_cert_error_string(theirs));
    if (theirs == X509_V_ERR_CERT_REVOKED && answer.status != CG_CRL_STATUS_REVOKED)
        fail_msg("round %zu: status %d, but OpenSSL says: revoked", round, answer.status);
    bool same = (answer.status == CG_CRL_STATUS_GOOD) == (theirs == X509_V_OK) &&
                (answer.status == CG_CRL_STATUS_REVOKED) == (theirs == X509_V_ERR_CERT_REVOKED);
    agreed += same;
    stricter += !same;
    good += same && theirs == X509_V_OK;
    revoked += same && theirs == X509_V_ERR_CERT_REVOKED;
    sk_X509_CRL_pop_free(crls, X509_CRL_free);
    cg_crl_set_free(set);
}

static void never_laxer_than_openssl(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++)
        one_round(round);
    print_message("%zu agreed (%zu good, %zu revoked), %zu stricter\n", agreed, good, revoked, stricter);
    /* the comparison must have had something to compare */
    assert_true(good > ROUNDS / 20 && revoked > ROUNDS / 20 && agreed > ROUNDS * 3 / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_laxer_than_openssl)};
    static const char *const points[] = {NULL, "crlDistributionPoints=URI:http:1", "crlDistributionPoints=URI:http:2",
                                         "crlDistributionPoints=URI:http:2,URI:http:1"};
    ca = make_ca("CA", NULL, NULL);
    anchors = sk_X509_new_null();
    sk_X509_push(anchors, ca.cert);
    for (int i = 0; i < 4; i++) { /* without freshestCRL OpenSSL looks at no delta */
        const char *const extensions[] = {"basicConstraints=CA:FALSE", "freshestCRL=URI:http:delta", points[i], NULL};
        subjects[i] = make_cert("leaf", SERIAL, ca.key, &ca, extensions);
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < 4; i++)
        X509_free(subjects[i]);
    sk_X509_free(anchors);
    free_ca(&ca);
    return failed;
}
