/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The reason table: no row is missing, codes are unique and well-formed, every refusal sends the peer an alert. */
#include "core/base/reason.h"
#include "core/path/verdict.h"

#include <openssl/x509_vfy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum cg_reason_kind expected_kind(int reason)
{
    if (reason <= CG_REASON_OK)
        return CG_KIND_NONE;
    if (reason < CG_REASON_NO_CERTIFICATE)
        return CG_KIND_FAULT;
    if (reason < CG_REASON_NO_COMMON_VERSION)
        return CG_KIND_RULE;
    if (reason < CG_REASON_NO_RECORD)
        return CG_KIND_HANDSHAKE;
    if (reason < CG_REASON_RENEWAL_MALFORMED)
        return CG_KIND_CONNECT;
    return reason < CG_REASON_POLICY_INVALID ? CG_KIND_RENEWAL : CG_KIND_FILE;
}

static void every_reason_has_a_whole_row(void **state)
{
    (void)state;
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        const struct cg_reason_row *row = cg_reason_row((enum cg_reason)i);
        if (i != CG_REASON_UNSET)
            assert_ptr_not_equal(row, cg_reason_row(CG_REASON_UNSET));
        print_message("%s\n", row->code);
        assert_int_equal(row->kind, expected_kind(i));
        assert_int_equal(strspn(row->code, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(row->code));
        assert_true(strlen(row->code) > 1);
        assert_int_equal(row->sentence[strlen(row->sentence) - 1], '.');
        assert_non_null(row->ref);
        assert_true(strlen(row->fix) > 10 && strlen(row->fix) <= 350); /* an event has room for so much */
    }
}

/* An event keeps no more of one. */
#define FIX_MAX 350

/* Is a key of this section named, "client.max_depth"? */
static bool names_key(const char *fix, const char *section)
{
    size_t len = strlen(section);
    for (const char *at = strstr(fix, section); at; at = strstr(at + 1, section))
        if ((at == fix || strchr(" (", at[-1])) && at[len] == '.' && at[len + 1] >= 'a' && at[len + 1] <= 'z')
            return true;
    return false;
}

static void a_fix_is_of_its_role(void **state)
{
    (void)state;
    static const char *const sections[CG_CERT_OWNER_COUNT] = {"client", "server", "bridge"};
    for (int i = 0; i < CG_REASON_COUNT; i++)
        for (int cert_owner = 0; cert_owner < CG_CERT_OWNER_COUNT; cert_owner++) {
            const char *fix = cg_reason_fix((enum cg_reason)i, (enum cg_cert_owner)cert_owner);
            if (strlen(fix) > FIX_MAX)
                fail_msg("%s is cut in events: %s", cg_reason_row((enum cg_reason)i)->code, fix);
            for (int other = 0; other < CG_CERT_OWNER_COUNT; other++)
                if (other != cert_owner && names_key(fix, sections[other]))
                    fail_msg("of %s, a key of %s: %s", sections[cert_owner], sections[other], fix);
        }
}

/* What is an anchor in "trust" lets clients in: no fix of a broker's certificate may add one. */
static void a_brokers_fix_adds_no_anchor_for_clients(void **state)
{
    (void)state;
    for (int i = 0; i < CG_REASON_COUNT; i++)
        for (int cert_owner = CG_OF_BROKER; cert_owner < CG_CERT_OWNER_COUNT; cert_owner++) {
            const char *fix = cg_reason_fix((enum cg_reason)i, (enum cg_cert_owner)cert_owner);
            const char *key = cert_owner == CG_OF_BROKER ? "server.trust.anchors" : "bridge.trust.anchors";
            if (names_key(fix, "trust") && strstr(fix, " trust.anchors") && !strstr(fix, key))
                fail_msg("%s: %s", cg_reason_row((enum cg_reason)i)->code, fix);
        }
}

/* An allow list is of clients; the words of path_other are OpenSSL's. */
static void every_rule_has_a_fix_for_a_brokers_certificate(void **state)
{
    (void)state;
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        enum cg_reason reason = (enum cg_reason)i;
        const struct cg_reason_row *row = cg_reason_row(reason);
        if (row->kind != CG_KIND_RULE || reason == CG_REASON_NOT_ALLOW_LISTED || reason == CG_REASON_PATH_OTHER)
            continue;
        for (int cert_owner = CG_OF_BROKER; cert_owner < CG_CERT_OWNER_COUNT; cert_owner++)
            if (strcmp(cg_reason_fix(reason, (enum cg_cert_owner)cert_owner), row->fix) == 0)
                fail_msg("%s: the fix is a client's", row->code);
    }
}

static void codes_are_unique_and_found(void **state)
{
    (void)state;
    for (int i = 0; i < CG_REASON_COUNT; i++)
        assert_int_equal(cg_reason_from_code(cg_reason_row((enum cg_reason)i)->code), i);
    assert_int_equal(cg_reason_from_code("no_such_reason"), CG_REASON_UNSET);
    assert_int_equal(cg_reason_from_code(""), CG_REASON_UNSET);
    assert_int_equal(cg_reason_from_code(NULL), CG_REASON_UNSET);
}

static void an_unknown_number_gives_the_unset_row(void **state)
{
    (void)state;
    assert_ptr_equal(cg_reason_row((enum cg_reason)CG_REASON_COUNT), cg_reason_row(CG_REASON_UNSET));
    assert_ptr_equal(cg_reason_row((enum cg_reason) - 1), cg_reason_row(CG_REASON_UNSET));
}

static void only_an_accepted_verdict_is_no_error_to_openssl(void **state)
{
    (void)state;
    struct cg_verdict verdict = {0};
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        verdict.decision = CG_DENY;
        verdict.reason = (enum cg_reason)i;
        assert_int_not_equal(cg_verdict_x509_error(&verdict), X509_V_OK);
        verdict.decision = CG_ACCEPT;
        assert_int_equal(cg_verdict_x509_error(&verdict), X509_V_OK);
    }
    assert_int_not_equal(cg_verdict_x509_error(NULL), X509_V_OK);
}

static void the_alert_fits_the_reason(void **state)
{
    (void)state;
    static const struct {
        enum cg_reason reason;
        int x509_error;
    } rows[] = {
        {CG_REASON_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
        {CG_REASON_CA_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
        {CG_REASON_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED},
        {CG_REASON_REVOKED, X509_V_ERR_CERT_REVOKED},
        {CG_REASON_UNTRUSTED, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {CG_REASON_SELF_SIGNED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {CG_REASON_WRONG_PURPOSE, X509_V_ERR_INVALID_PURPOSE},
        {CG_REASON_NO_MEMORY, X509_V_ERR_OUT_OF_MEM},
    };
    struct cg_verdict verdict = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        verdict.reason = rows[i].reason;
        assert_int_equal(cg_verdict_x509_error(&verdict), rows[i].x509_error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_whole_row),
        cmocka_unit_test(a_fix_is_of_its_role),
        cmocka_unit_test(a_brokers_fix_adds_no_anchor_for_clients),
        cmocka_unit_test(every_rule_has_a_fix_for_a_brokers_certificate),
        cmocka_unit_test(codes_are_unique_and_found),
        cmocka_unit_test(an_unknown_number_gives_the_unset_row),
        cmocka_unit_test(only_an_accepted_verdict_is_no_error_to_openssl),
        cmocka_unit_test(the_alert_fits_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
