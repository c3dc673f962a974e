/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a new snapshot changed stands in its event: trust and CRLs, those of bridges too. */
#include "changes.h"

#include "core/policy_parse.h"
#include "lib/pki_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1767225600)

static char told[4096];

static void broker_log(enum cg_level level, const char *text)
{
    (void)level;
    strncat(told, text, sizeof told - strlen(told) - 2);
    strncat(told, "\n", sizeof told - strlen(told) - 1);
}

static struct cg_trust *trust_of(struct cg_pki *pki, const char *anchors, const char *crl)
{
    struct cg_trust *trust = cg_trust_new();
    struct cg_error err = {""};
    char *pem = cg_pki_pem(pki, anchors), *list = cg_pki_pem(pki, crl);
    if (!cg_trust_add_anchors(trust, anchors, pem, strlen(pem), &err) ||
        !cg_trust_add_crls(trust, crl, list, strlen(list), &err))
        fail_msg("%s", err.text);
    free(pem);
    free(list);
    return trust;
}

static void each_trust_by_itself(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_pki *pki = cg_pki_new(NOW);
    cg_pki_make(pki, "one: ca cn=one\ntwo: ca cn=two\nthree: ca cn=three\n"
                     "one1: crl issuer=one number=1 days=-2..7\none2: crl issuer=one number=2 days=-1..7\n"
                     "two5: crl issuer=two number=5 days=-2..7\ntwo6: crl issuer=two number=6 days=-1..7\n"
                     "three9: crl issuer=three number=9");
    struct cg_policy *policy = cg_policy_default("ca.pem", &err);
    struct cg_reporter *reporter = cg_reporter_open(&policy->log, NULL, broker_log, &err);
    struct cg_trust *first = trust_of(pki, "one", "one1"), *newer = trust_of(pki, "one", "one2"),
                    *bridges = trust_of(pki, "two", "two5"), *later = trust_of(pki, "two", "two6"),
                    *other = trust_of(pki, "three", "three9");
    const struct {
        struct cg_trust *trust, *bridge_trust;
        const char *words, *not_these;
    } rows[] = {
        {newer, bridges, "CRL of CN=one: number 1 before, 2 now", "CN=two"},
        {newer, later, "CRL of CN=two: number 5 before, 6 now", "CN=one"},
        {newer, other, "trust anchors for bridges: ", "CN=one"},
        {newer, newer, "", "CRL of"}, /* none of its own any more: all is known */
    };
    struct cg_snapshot before = {.policy = policy, .trust = first, .bridge_trust = bridges};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_snapshot now = {.policy = policy, .trust = rows[i].trust, .bridge_trust = rows[i].bridge_trust};
        told[0] = '\0';
        cg_changes_report(reporter, &before, &now);
        if (!strstr(told, rows[i].words) || strstr(told, rows[i].not_these))
            fail_msg("row %zu: %s", i, told);
        before = now;
    }
    cg_reporter_close(reporter);
    cg_policy_free(policy);
    struct cg_trust *const all[] = {first, newer, bridges, later, other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cg_trust_free(all[i]);
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_trust_by_itself)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
