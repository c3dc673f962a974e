/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The last value on each side of a limit of the check: one octet, one bit, one second or one certificate decides. */
#include "check_fixture.h"
#include "core/path/path.h"
#include "core/path/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define CLIENT(keys) ", \"client\": {" keys "}"
#define LABEL_63     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define NAME_191     LABEL_63 "." LABEL_63 "." LABEL_63
#define LABEL_57     "0123456789abcdef0123456789abcdef0123456789abcdef012345678"
#define LABEL_61     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abc"
#define EXTENSION    "\"extensions\": [{\"oid\": \"1.2.3.4.5\", \"required\": true, \"text\": \"a\"}]"

static const struct {
    const char *says;
    enum cg_reason reason;
    struct fixture_case with;
} rows[] = {
    {"a label of 63 octets", CG_REASON_OK, {.recipe = "c: issuer=root san=dns:" LABEL_63 ".lan"}},
    {"a label of 64 octets", CG_REASON_SAN_MALFORMED, {.recipe = "c: issuer=root san=dns:a" LABEL_63 ".lan"}},
    {"a DNS name of 253 octets", CG_REASON_OK, {.recipe = "c: issuer=root san=dns:" NAME_191 "." LABEL_61}},
    {"a DNS name of 254 octets", CG_REASON_SAN_MALFORMED, {.recipe = "c: issuer=root san=dns:" NAME_191 ".a" LABEL_61}},
    {"a wildcard name of 253 octets", CG_REASON_OK, {.recipe = "c: issuer=root san=dns:*." NAME_191 ".ab" LABEL_57}},
    {"a wildcard name of 254 octets",
     CG_REASON_SAN_MALFORMED,
     {.recipe = "c: issuer=root san=dns:*." NAME_191 ".abc" LABEL_57}},
    {"an email address at a host of 254 octets",
     CG_REASON_SAN_MALFORMED,
     {.recipe = "c: issuer=root san=email:a@" NAME_191 ".a" LABEL_61}},
    {"a URI with a NUL inside",
     CG_REASON_SAN_MALFORMED,
     {.recipe = "c: issuer=root san=none ext=2.5.29.17=30078605613a620063",
      .policy = CLIENT("\"rules\": {\"bad_name\": \"audit\"}")}},
    {"an email address with a wildcard", CG_REASON_SAN_MALFORMED, {.recipe = "c: issuer=root san=email:a@*.lan"}},
    {"an RSA key a bit shorter than the policy wants",
     CG_REASON_KEY_SIZE,
     {.recipe = "c: issuer=root key=rsa2048", .policy = CLIENT("\"rsa_min_bits\": 2049")}},
    {"an even RSA exponent, which OpenSSL reads",
     CG_REASON_RSA_EXPONENT,
     {.recipe = "c: issuer=root key=rsa2048-even"}},
    {"valid from this second on",
     CG_REASON_OK,
     {.recipe = "c: issuer=root secs=0..900", .policy = CLIENT("\"clock_skew\": \"0s\"")}},
    {"valid from the next second on",
     CG_REASON_NOT_YET_VALID,
     {.recipe = "c: issuer=root secs=1..900", .policy = CLIENT("\"clock_skew\": \"0s\"")}},
    {"lives as long as the policy allows",
     CG_REASON_OK,
     {.recipe = "c: issuer=root secs=-1000..1000", .policy = CLIENT("\"max_lifetime\": \"2000s\"")}},
    {"lives a second longer than the policy allows",
     CG_REASON_LIFETIME_TOO_LONG,
     {.recipe = "c: issuer=root secs=-1000..1000", .policy = CLIENT("\"max_lifetime\": \"1999s\"")}},
    {"as much life left as the policy wants",
     CG_REASON_OK,
     {.recipe = "c: issuer=root secs=-1000..100", .policy = CLIENT("\"min_remaining\": \"100s\"")}},
    {"a second less of it",
     CG_REASON_TOO_LITTLE_LIFE_LEFT,
     {.recipe = "c: issuer=root secs=-1000..100", .policy = CLIENT("\"min_remaining\": \"101s\"")}},
    {"a critical extension that the policy checks",
     CG_REASON_OK,
     {.recipe = "c: issuer=root ext=critical,1.2.3.4.5=0c0161", .policy = CLIENT(EXTENSION)}},
    {"and only audits",
     CG_REASON_UNKNOWN_CRITICAL_EXTENSION,
     {.recipe = "c: issuer=root ext=critical,1.2.3.4.5=0c0161",
      .policy = CLIENT(EXTENSION ", \"rules\": {\"extension_value\": \"audit\"}")}},
    {"and that the intermediate has, which is not checked",
     CG_REASON_UNKNOWN_CRITICAL_EXTENSION,
     {.recipe = "i: ca issuer=root ext=critical,1.2.3.4.5=0c0161\nc: issuer=i ext=1.2.3.4.5=0c0161",
      .sent = "i",
      .policy = CLIENT(EXTENSION)}},
    {"the value of an extension and a byte behind it",
     CG_REASON_EXTENSION_VALUE,
     {.recipe = "c: issuer=root ext=1.2.3.4.5=0c016100", .policy = CLIENT(EXTENSION)}},
    {"an anchor whose certificatePolicies cannot be read vouches for none",
     CG_REASON_CERTIFICATE_POLICIES,
     {.recipe = "a: ca policies=none ext=2.5.29.32=0500\nc: issuer=a policies=1.2.3.4",
      .anchors = "a",
      .policy = CLIENT("\"certificate_policies\": {\"require_explicit\": true}")}},
    {"a wildcard for a part of a label covers nothing",
     CG_REASON_HOST_MISMATCH,
     {.recipe = "c: server issuer=root san=dns:b*.home.lan",
      .host = "broker.home.lan",
      .purpose = CG_PURPOSE_SERVER,
      .policy = ", \"server\": {\"rules\": {\"san_malformed\": \"audit\"}}"}},
};

static void each_side_of_a_limit(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca days=-100..3000");
    size_t mark = cg_pki_mark(pki);
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_verdict verdict;
        fixture_check(pki, &rows[i].with, &verdict);
        bool right = verdict.reason == rows[i].reason;
        if (!right)
            print_error("%s: expected %s, got %s: %s\n", rows[i].says, cg_reason_row(rows[i].reason)->code,
                        cg_reason_row(verdict.reason)->code, verdict.detail);
        wrong += !right;
        cg_verdict_clear(&verdict);
        cg_pki_rewind(pki, mark);
    }
    assert_int_equal(wrong, 0);
    cg_pki_free(pki);
}

/* The CA "i" in many certificates of one key, all expired but the last one: it is among the candidates, or it is
 * not. */
static void a_path_beyond_the_limit_is_not_found(void **state)
{
    (void)state;
    for (int bad = CG_PATHS_MAX - 1; bad <= CG_PATHS_MAX; bad++) {
        char names[600] = "", recipe[100];
        size_t used = 0;
        struct cg_verdict verdict;
        struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
        cg_pki_make(pki, "root: ca days=-100..3000\ngood: ca cn=i issuer=root\nc: issuer=good");
        for (int i = 0; i < bad; i++) {
            snprintf(recipe, sizeof recipe, "i%d: ca cn=i key=@good issuer=root days=-60..-30", i);
            cg_pki_make(pki, recipe);
            used += (size_t)snprintf(names + used, sizeof names - used, "i%d ", i);
        }
        snprintf(names + used, sizeof names - used, "good");
        const struct fixture_case with = {.sent = names,
                                          .policy = CLIENT("\"max_chain\": 100, \"max_chain_bytes\": \"64KiB\"")};
        fixture_check(pki, &with, &verdict);
        assert_int_equal(verdict.reason, bad < CG_PATHS_MAX ? CG_REASON_OK : CG_REASON_CA_EXPIRED);
        cg_verdict_clear(&verdict);
        cg_pki_free(pki);
    }
}

/* Self-signed CAs of one name that are no anchors: a search that followed them would end at its bound. */
static void self_signed_cas_lead_nowhere(void **state)
{
    (void)state;
    char names[100] = "", recipe[100];
    size_t used = 0;
    struct cg_verdict verdict;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca");
    for (int i = 0; i < 12; i++) {
        snprintf(recipe, sizeof recipe, "s%d: ca cn=i ski=none aki=none", i);
        cg_pki_make(pki, recipe);
        used += (size_t)snprintf(names + used, sizeof names - used, "s%d ", i);
    }
    const struct fixture_case with = {.recipe = "c: issuer=s0 aki=none",
                                      .sent = names,
                                      .policy = CLIENT("\"max_chain\": 100, \"max_chain_bytes\": \"64KiB\"")};
    fixture_check(pki, &with, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_UNTRUSTED);
    cg_verdict_clear(&verdict);
    cg_pki_free(pki);
}

/* As with a folder of CRLs that is empty. */
static void a_required_crl_is_missing(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    const struct fixture_case with = {.recipe = "root: ca\nc: issuer=root"};
    struct fixture_inputs inputs;
    struct cg_verdict verdict;
    fixture_open(pki, &with, &inputs);
    struct cg_profile profile = *inputs.check.profile;
    profile.crl_required = true;
    inputs.check.profile = &profile;
    cg_check(&inputs.check, &verdict);
    assert_int_equal(verdict.decision, CG_DENY);
    assert_int_equal(verdict.reason, CG_REASON_CRL_MISSING);
    cg_verdict_clear(&verdict);
    fixture_close(&inputs);
    cg_pki_free(pki);
}

/* No search makes such a path; OpenSSL is done with its first certificate, and has not looked at the other one. */
static void openssl_verified_only_a_part(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    const struct fixture_case with = {.recipe = "root: ca\nc: issuer=root"};
    struct fixture_inputs inputs;
    struct cg_path_errors errors;
    enum cg_reason reason;
    fixture_open(pki, &with, &inputs);
    X509 *root = cg_pki_cert(pki, "root"), *again = X509_dup(root);
    STACK_OF(X509) *path = sk_X509_new_null();
    assert_true(again && path && sk_X509_push(path, again) && sk_X509_push(path, root));
    assert_true(cg_path_verify(path, inputs.check.profile, false, NULL, &errors, &reason));
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.item[0].reason, CG_REASON_UNTRUSTED);
    sk_X509_free(path);
    X509_free(again);
    fixture_close(&inputs);
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_of_a_limit),         cmocka_unit_test(a_path_beyond_the_limit_is_not_found),
        cmocka_unit_test(self_signed_cas_lead_nowhere), cmocka_unit_test(a_required_crl_is_missing),
        cmocka_unit_test(openssl_verified_only_a_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
