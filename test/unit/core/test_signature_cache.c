/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The cache of verified signatures: what enters it, what must never be taken from it, and its bounds. */
#include "check_fixture.h"
#include "core/path/signature_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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

/* What is refused for another reason has valid signatures, but everybody could make any number of such paths. */
static void links_of_a_refused_path_do_not_enter(void **state)
{
    const struct fixture *fixture = *state;
    const struct fixture_case rows[] = {
        {.recipe = "e: issuer=root days=-60..-30", .leaf = "e"},
        {.recipe = "e: server issuer=root", .leaf = "e"},
        {.recipe = "own: ca\ne: issuer=own", .leaf = "e", .sent = "own"},
        {.recipe = "e: issuer=root broken-signature", .leaf = "e"},
        {.recipe = "e: issuer=root broken-signature",
         .leaf = "e",
         .policy = ", \"client\": {\"rules\": {\"bad_signature\": \"audit\"}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const enum cg_reason reason = check(fixture, &rows[i]);
        assert_true(i == 4 ? reason == CG_REASON_OK : reason != CG_REASON_OK);
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
        TEST(links_of_a_refused_path_do_not_enter),
        TEST(everything_else_is_checked_each_time),
        TEST(a_flipped_bit_is_found),
        TEST(an_issuer_that_may_not_sign_does_not_enter),
        TEST(it_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
