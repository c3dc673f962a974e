/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The cache of verified signatures: what enters it, what must never be taken from it, and its bounds. */
#include "check_fixture.h"
#include "core/path/signature_cache.h"
#include "core/path/verify.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char base_recipe[] = "root: ca days=-100..3000\n"
                                  "other: ca days=-100..3000\n"
                                  "twin: ca days=-100..3000 subject=/CN=root\n"
                                  "sub: ca issuer=root\n"
                                  "c: issuer=sub\n"
                                  "d: issuer=sub";

struct fixture {
    struct cg_pki *pki;
    struct cg_signature_cache *cache;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(fixture.pki, base_recipe);
    fixture.cache = cg_signature_cache_new(CG_SIGNATURE_CACHE_BYTES);
    *state = &fixture;
    return fixture.cache ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cg_signature_cache_free(fixture->cache);
    cg_pki_free(fixture->pki);
    return 0;
}

static enum cg_reason check(const struct fixture *fixture, const struct fixture_case *row)
{
    struct fixture_inputs inputs;
    struct cg_verdict verdict;
    fixture_open(fixture->pki, row, &inputs);
    inputs.check.signatures = fixture->cache;
    cg_check(&inputs.check, &verdict);
    const enum cg_reason reason = verdict.reason;
    cg_verdict_clear(&verdict);
    fixture_close(&inputs);
    return reason;
}

static struct cg_signature_counts counts(const struct fixture *fixture)
{
    struct cg_signature_counts counts;
    cg_signature_cache_count(fixture->cache, &counts);
    return counts;
}

static bool has(const struct fixture *fixture, const char *subject, const char *issuer)
{
    return cg_signature_cache_has(fixture->cache, cg_pki_cert(fixture->pki, subject),
                                  cg_pki_cert(fixture->pki, issuer));
}

static void links_of_an_accepted_path_enter(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(check(fixture, &(struct fixture_case){.sent = "sub"}), CG_REASON_OK);
    assert_int_equal(counts(fixture).entries, 2);
    assert_true(has(fixture, "c", "sub") && has(fixture, "sub", "root"));
    assert_false(has(fixture, "c", "root") || has(fixture, "sub", "twin") || has(fixture, "root", "sub"));
}

/* The second device of an intermediate: one link is known, the other one is verified and enters. */
static void a_new_device_below_a_known_intermediate(void **state)
{
    const struct fixture *fixture = *state;
    const struct fixture_case d = {.leaf = "d", .sent = "sub"};
    assert_int_equal(check(fixture, &(struct fixture_case){.sent = "sub"}), CG_REASON_OK);
    assert_int_equal(check(fixture, &d), CG_REASON_OK);
    assert_true(has(fixture, "d", "sub"));
    assert_int_equal(counts(fixture).entries, 3);
    const uint64_t hits = counts(fixture).hits;
    assert_int_equal(check(fixture, &d), CG_REASON_OK);
    assert_int_equal(counts(fixture).hits, hits + 2);
}

/* A device with an expired certificate connects again and again. Only a trusted CA can make such paths. */
static void links_of_a_path_that_the_policy_refuses_enter(void **state)
{
    const struct fixture *fixture = *state;
    const struct {
        struct fixture_case with;
        enum cg_reason reason;
    } rows[] = {
        {{.recipe = "e: issuer=root days=-60..-30", .leaf = "e"}, CG_REASON_EXPIRED},
        {{.recipe = "e: server issuer=root", .leaf = "e"}, CG_REASON_WRONG_PURPOSE},
        {{.recipe = "e: issuer=root\nl: crl issuer=root revoke=e", .leaf = "e", .crls = "l"}, CG_REASON_REVOKED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(check(fixture, &rows[i].with), rows[i].reason);
        assert_int_equal(counts(fixture).entries, i + 1);
        const uint64_t misses = counts(fixture).misses;
        assert_int_equal(check(fixture, &(struct fixture_case){.leaf = "e", .crls = rows[i].with.crls}),
                         rows[i].reason);
        assert_int_equal(counts(fixture).misses, misses);
    }
}

/* Anyone can make any number of them. */
static void links_of_other_refused_paths_do_not_enter(void **state)
{
    const struct fixture *fixture = *state;
    const struct fixture_case rows[] = {
        {.recipe = "own: ca\ne: issuer=own", .leaf = "e", .sent = "own"},
        {.recipe = "e: issuer=root broken-signature", .leaf = "e"},
        {.recipe = "x: ca issuer=root broken-signature\ne: issuer=x", .leaf = "e", .sent = "x"},
        {.recipe = "e: issuer=root broken-signature",
         .leaf = "e",
         .policy = ", \"client\": {\"rules\": {\"bad_signature\": \"audit\"}}"},
        {.recipe = "x: ca issuer=root\ne: issuer=x\nl: crl issuer=root revoke=x",
         .leaf = "e",
         .sent = "x",
         .crls = "l"},
        {.recipe = "x: ca issuer=root days=-60..-30\ne: issuer=x", .leaf = "e", .sent = "x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const enum cg_reason reason = check(fixture, &rows[i]);
        assert_true(i == 3 ? reason == CG_REASON_OK : reason != CG_REASON_OK);
        assert_int_equal(counts(fixture).entries, 0);
    }
}

/* Nothing but the signature is taken from the cache. */
static void everything_else_is_checked_each_time(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(check(fixture, &(struct fixture_case){.sent = "sub"}), CG_REASON_OK);
    const struct {
        struct fixture_case with;
        enum cg_reason reason;
    } rows[] = {
        {{.sent = "sub", .anchors = "twin"}, CG_REASON_UNTRUSTED}, /* the anchor was removed; its namesake was not */
        {{.sent = "sub", .anchors = "other"}, CG_REASON_UNTRUSTED},
        {{.recipe = "crl: crl issuer=sub revoke=c\ntop: crl issuer=root",
          .sent = "sub",
          .intermediates = "sub",
          .crls = "crl top"},
         CG_REASON_REVOKED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(check(fixture, &rows[i].with), rows[i].reason);
}

/* With the intermediate known, a forged certificate below it is still verified. */
static void a_flipped_bit_is_found(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(check(fixture, &(struct fixture_case){.sent = "sub"}), CG_REASON_OK);
    assert_int_equal(
        check(fixture, &(struct fixture_case){.recipe = "f: issuer=sub broken-signature", .leaf = "f", .sent = "sub"}),
        CG_REASON_BAD_SIGNATURE);
    assert_int_equal(counts(fixture).entries, 2);
}

/* With a cache, our function verifies the signatures; else OpenSSL's does. */
static void openssl_reports_the_same_errors(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const recipes[] = {
        "low: ca issuer=sub\ng: issuer=low",
        "low: ca issuer=sub\ng: issuer=low broken-signature",
        "low: ca issuer=sub broken-signature\ng: issuer=low",
        "low: ca issuer=sub signer=twin\ng: issuer=low signer=twin",
        "low: ca issuer=sub ku=critical,cRLSign\ng: issuer=low",
        "low: ca issuer=sub ku=critical,cRLSign broken-signature\ng: issuer=low broken-signature",
    };
    for (size_t i = 0; i < 2 * (sizeof recipes / sizeof *recipes); i++) {
        const struct fixture_case row = {.recipe = recipes[i / 2],
                                         .leaf = "g",
                                         .policy = i & 1 ? ", \"client\": {\"rules\": {\"bad_signature\": \"audit\"}}"
                                                         : NULL};
        struct fixture_inputs inputs;
        struct cg_path_errors theirs, ours;
        enum cg_reason reason;
        fixture_open(fixture->pki, &row, &inputs);
        STACK_OF(X509) *path = cg_pki_stack(fixture->pki, "g low sub root");
        assert_true(cg_path_verify(path, inputs.check.profile, false, NULL, &theirs, &reason));
        assert_true(cg_path_verify(path, inputs.check.profile, false, fixture->cache, &ours, &reason));
        assert_true(ours.signatures_new);
        assert_int_equal(ours.stopped_early, theirs.stopped_early);
        assert_int_equal(ours.count, theirs.count);
        for (int k = 0; k < ours.count; k++) {
            assert_int_equal(ours.item[k].error, theirs.item[k].error);
            assert_int_equal(ours.item[k].depth, theirs.item[k].depth);
        }
        sk_X509_pop_free(path, X509_free);
        fixture_close(&inputs);
    }
}

/* Anyone may send a forged certificate together with a public intermediate. Each signature is looked up once, and
 * verified if it is not known. */
static void a_forged_certificate_costs_one_verification(void **state)
{
    const struct fixture *fixture = *state;
    cg_pki_make(fixture->pki, "top: ca key=p521 days=-100..3000\nmid: ca issuer=top key=p521\nlow: ca issuer=mid\n"
                              "g: issuer=low\nf: issuer=low broken-signature");
    assert_int_equal(check(fixture, &(struct fixture_case){.leaf = "g", .sent = "low mid", .anchors = "top"}),
                     CG_REASON_OK);
    const struct cg_signature_counts before = counts(fixture);
    assert_int_equal(check(fixture, &(struct fixture_case){.leaf = "f", .sent = "low mid", .anchors = "top"}),
                     CG_REASON_BAD_SIGNATURE);
    assert_int_equal(counts(fixture).hits, before.hits + 2);
    assert_int_equal(counts(fixture).misses, before.misses + 1);
}

static void a_certificate_with_any_flipped_bit_has_the_same_verdict(void **state)
{
    const struct fixture *fixture = *state;
    struct fixture_inputs inputs;
    struct cg_verdict verdict;
    unsigned char *der = NULL;
    int accepted = 0, size = i2d_X509(cg_pki_cert(fixture->pki, "c"), &der);
    fixture_open(fixture->pki, &(struct fixture_case){.sent = "sub"}, &inputs);
    fixture_verdict(&inputs.check, &verdict);
    cg_verdict_clear(&verdict);
    for (int bit = 0; bit < 8 * size; bit++) {
        const unsigned char *p = der;
        der[bit / 8] ^= (unsigned char)(1 << bit % 8);
        inputs.check.leaf = d2i_X509(NULL, &p, size);
        if (inputs.check.leaf) {
            fixture_verdict(&inputs.check, &verdict);
            accepted += verdict.decision == CG_ACCEPT;
            cg_verdict_clear(&verdict);
            X509_free(inputs.check.leaf);
        }
        der[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    ERR_clear_error();
    assert_int_equal(accepted, 0);
    OPENSSL_free(der);
    fixture_close(&inputs);
}

/* The outer length in six octets instead of four: OpenSSL reads it, and it is the same certificate with the same entry. */
static void another_encoding_is_the_same_certificate(void **state)
{
    const struct fixture *fixture = *state;
    struct fixture_inputs inputs;
    struct cg_verdict verdict;
    unsigned char *der = NULL, longer[4096] = {0x30, 0x84};
    const unsigned char *p = longer;
    const int size = i2d_X509(cg_pki_cert(fixture->pki, "c"), &der);
    assert_true(size > 256 && size < 4000 && der[1] == 0x82);
    memcpy(longer + 4, der + 2, (size_t)size - 2);
    assert_int_equal(check(fixture, &(struct fixture_case){.sent = "sub"}), CG_REASON_OK);
    fixture_open(fixture->pki, &(struct fixture_case){.sent = "sub"}, &inputs);
    inputs.check.leaf = d2i_X509(NULL, &p, size + 2);
    assert_non_null(inputs.check.leaf);
    assert_true(cg_signature_cache_has(fixture->cache, inputs.check.leaf, cg_pki_cert(fixture->pki, "sub")));
    fixture_verdict(&inputs.check, &verdict);
    cg_verdict_clear(&verdict);
    X509_free(inputs.check.leaf);
    OPENSSL_free(der);
    fixture_close(&inputs);
}

static uint32_t random_below(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 16) % limit;
}

#define PICK(seed, words) (words)[random_below((seed), sizeof(words) / sizeof *(words))]

/* CAs that certify each other under few names and keys, with faults, and policies that change from check to check:
 * fixture_check compares each verdict. */
static void random_cas_have_the_same_verdicts(void **state)
{
    static const char *const keys[] = {"",
                                       "",
                                       "key=@k0",
                                       "key=@k0",
                                       "key=@k1",
                                       "key=rsa2048",
                                       "key=rsapss2048",
                                       "key=ed25519",
                                       "key=p256-explicit",
                                       "key=rsa2048-e300"};
    static const char *const faults[] = {"",
                                         "",
                                         "",
                                         "",
                                         "broken-signature",
                                         "signer=k0",
                                         "days=-60..-30",
                                         "ku=critical,cRLSign",
                                         "bc=critical,CA:TRUE,pathlen:0",
                                         "bc=critical,CA:FALSE",
                                         "eku=serverAuth",
                                         "nc=critical,permitted;URI:none.example",
                                         "ski=none aki=none",
                                         "serial=7",
                                         "version=1"};
    static const char *const leaf_faults[] = {"", "", "", "broken-signature", "aki=none", "days=-60..-30", "cn=m0"};
    static const char *const policies[] = {
        NULL,
        NULL,
        ", \"client\": {\"strict\": false}",
        ", \"client\": {\"rules\": {\"bad_signature\": \"audit\"}}",
        (", \"client\": {\"strict\": false, \"rules\": {\"rsa_exponent\": \"audit\", \"ca_key_usage\": "
         "\"audit\", \"not_a_ca\": \"audit\", \"ca_wrong_purpose\": \"audit\"}}"),
        ", \"client\": {\"rules\": {\"untrusted\": \"audit\", \"ca_expired\": \"audit\"}}",
    };
    static const char *const sent[] = {"i0 i1 i2 i3 i4 i5", "i5 i4 i3 i2 i1 i0", "i1 i3 i5", "i0 i2", NULL};
    static const char *const anchors[] = {"k0", "k1", "k0 k1", "twin k0"};
    uint32_t seed = 1;
    int accepted = 0;
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
        char recipe[256];
        cg_pki_make(pki, "k0: ca\nk1: ca\ntwin: ca cn=k0\ns: ca cn=m1 issuer=k0 key=@k1");
        for (int i = 0; i < 6; i++) {
            const uint32_t above = random_below(&seed, (uint32_t)i + 2);
            snprintf(recipe, sizeof recipe, "i%d: ca cn=m%u issuer=%c%u %s %s", i, random_below(&seed, 3),
                     above < 2 ? 'k' : 'i', above < 2 ? above : above - 2, PICK(&seed, keys), PICK(&seed, faults));
            cg_pki_make(pki, recipe);
        }
        for (int i = 0; i < 12; i++) {
            const struct fixture_case row = {.recipe = recipe,
                                             .sent = PICK(&seed, sent),
                                             .anchors = PICK(&seed, anchors),
                                             .intermediate_anchors = random_below(&seed, 4) ? NULL : "s",
                                             .intermediates = random_below(&seed, 2) ? NULL : "i0 i4",
                                             .policy = PICK(&seed, policies)};
            struct cg_verdict verdict;
            snprintf(recipe, sizeof recipe, "c: issuer=i%u %s", random_below(&seed, 6), PICK(&seed, leaf_faults));
            fixture_check(pki, &row, &verdict);
            accepted += verdict.decision == CG_ACCEPT;
            cg_verdict_clear(&verdict);
        }
        cg_pki_free(pki);
    }
    assert_true(accepted > 20);
}

/* OpenSSL checks keyCertSign along with the signature; a link that the cache knows has passed it. */
static void an_issuer_that_may_not_sign_does_not_enter(void **state)
{
    const struct fixture *fixture = *state;
    cg_pki_make(fixture->pki, "mute: ca issuer=root ku=critical,cRLSign\ng: issuer=mute");
    STACK_OF(X509) *path = cg_pki_stack(fixture->pki, "g mute root");
    cg_signature_cache_add(fixture->cache, path);
    assert_true(has(fixture, "mute", "root"));
    assert_false(has(fixture, "g", "mute"));
    sk_X509_pop_free(path, X509_free);
}

static void it_is_bounded(void **state)
{
    const struct fixture *fixture = *state;
    struct cg_signature_cache *small = cg_signature_cache_new(1); /* one set of eight */
    struct cg_signature_counts counts;
    STACK_OF(X509) *first = cg_pki_stack(fixture->pki, "c sub");
    cg_signature_cache_add(small, first);
    for (int i = 0; i < 20; i++) {
        cg_pki_make(fixture->pki, "x: issuer=sub");
        STACK_OF(X509) *path = cg_pki_stack(fixture->pki, "x sub");
        cg_signature_cache_add(small, path);
        sk_X509_pop_free(path, X509_free);
        /* in use, so it is not the one that makes room */
        assert_true(cg_signature_cache_has(small, sk_X509_value(first, 0), sk_X509_value(first, 1)));
    }
    cg_signature_cache_count(small, &counts);
    assert_int_equal(counts.entries, 8);
    sk_X509_pop_free(first, X509_free);
    cg_signature_cache_free(small);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(links_of_an_accepted_path_enter),
        TEST(a_new_device_below_a_known_intermediate),
        TEST(links_of_a_path_that_the_policy_refuses_enter),
        TEST(links_of_other_refused_paths_do_not_enter),
        TEST(everything_else_is_checked_each_time),
        TEST(a_flipped_bit_is_found),
        TEST(openssl_reports_the_same_errors),
        TEST(a_forged_certificate_costs_one_verification),
        TEST(a_certificate_with_any_flipped_bit_has_the_same_verdict),
        TEST(another_encoding_is_the_same_certificate),
        TEST(random_cas_have_the_same_verdicts),
        TEST(an_issuer_that_may_not_sign_does_not_enter),
        TEST(it_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
