/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Extensions that RFC 5280 asks something of that OpenSSL does not check. */
#include "check_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LAX ", \"client\": {\"strict\": false}"
/* certificatePolicies in DER: the policy 1.2.3 with a qualifier 1.2.4, or with a CPS URI */
#define UNKNOWN_QUALIFIER "2.5.29.32=3012301006022a03300a300806022a040c026869"
#define KNOWN_QUALIFIER   "2.5.29.32=3017301506022a03300f300d06082b06010505070201160168"

static const struct row {
    const char *says, *policy;
    enum cg_reason reason;
    const char *words; /* that the detail must hold, or NULL */
    const char *recipe;
} rows[] = {
    {"critical name constraints", NULL, CG_REASON_OK, NULL,
     "i: ca issuer=root nc=critical,permitted;URI:a.lan\nc: issuer=i "
     "san=uri:https://a.lan/"},
    {"name constraints that are not critical", NULL, CG_REASON_STRICT, "'CN=i': nameConstraints is not critical",
     "i: ca issuer=root nc=permitted;DNS:a.lan\nc: issuer=i"},
    {"the same, not strict", LAX, CG_REASON_OK, NULL, "i: ca issuer=root nc=permitted;DNS:a.lan\nc: issuer=i"},
    {"the same, audited", ", \"client\": {\"rules\": {\"strict\": \"audit\"}}", CG_REASON_OK, NULL,
     "i: ca issuer=root nc=permitted;DNS:a.lan\nc: issuer=i"},
    {"what is not critical holds all the same", LAX, CG_REASON_NAME_CONSTRAINTS, NULL,
     "i: ca issuer=root nc=permitted;DNS:a.lan\nc: issuer=i san=dns:b.lan"},
    {"name constraints in an end entity", NULL, CG_REASON_STRICT, "for CA certificates only",
     "i: ca issuer=root\nc: issuer=i nc=critical,permitted;DNS:a.lan"},
    {"the same, not strict", LAX, CG_REASON_OK, NULL, "i: ca issuer=root\nc: issuer=i nc=critical,permitted;DNS:a.lan"},
    {"name constraints without a list", NULL, CG_REASON_STRICT, "nameConstraints is empty",
     "i: ca issuer=root ext=critical,2.5.29.30=3000\nc: issuer=i"},
    {"with two empty lists", NULL, CG_REASON_STRICT, "nameConstraints is empty",
     "i: ca issuer=root ext=critical,2.5.29.30=3004a000a100\nc: issuer=i"},
    {"with one empty list", NULL, CG_REASON_STRICT, "nameConstraints is empty",
     "i: ca issuer=root ext=critical,2.5.29.30=300da009300782056c2e6c616ea100\nc: issuer=i"},
    {"with two empty lists, not strict", LAX, CG_REASON_OK, NULL,
     "i: ca issuer=root ext=critical,2.5.29.30=3004a000a100\nc: issuer=i"},
    {"policy constraints that are not critical", NULL, CG_REASON_STRICT, "policyConstraints is not critical",
     "i: ca issuer=root policies=1.2.3 policy-constraints=requireExplicitPolicy:0\nc: issuer=i policies=1.2.3"},
    {"critical policy constraints", NULL, CG_REASON_OK, NULL,
     "i: ca issuer=root policies=1.2.3 policy-constraints=critical,requireExplicitPolicy:0\nc: issuer=i "
     "policies=1.2.3"},
    {"inhibitAnyPolicy that is not critical", NULL, CG_REASON_STRICT, "inhibitAnyPolicy is not critical",
     "i: ca issuer=root inhibit-any=0\nc: issuer=i"},
    {"a critical policy with an unknown qualifier", NULL, CG_REASON_UNKNOWN_CRITICAL_EXTENSION,
     "'CN=i': certificatePolicies", "i: ca issuer=root ext=critical," UNKNOWN_QUALIFIER "\nc: issuer=i"},
    {"in the end entity", NULL, CG_REASON_UNKNOWN_CRITICAL_EXTENSION, "'CN=c': certificatePolicies",
     "i: ca issuer=root\nc: issuer=i ext=critical," UNKNOWN_QUALIFIER},
    {"not critical", NULL, CG_REASON_OK, NULL, "i: ca issuer=root ext=" UNKNOWN_QUALIFIER "\nc: issuer=i"},
    {"a known qualifier", NULL, CG_REASON_OK, NULL, "i: ca issuer=root ext=critical," KNOWN_QUALIFIER "\nc: issuer=i"},
};

static void extensions_are_what_the_standard_says(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(FIXTURE_NOW);
    cg_pki_make(pki, "root: ca");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct fixture_case with = {.recipe = rows[i].recipe, .sent = "i", .policy = rows[i].policy};
        struct cg_verdict verdict;
        size_t mark = cg_pki_mark(pki);
        fixture_check(pki, &with, &verdict);
        if (verdict.reason != rows[i].reason || (rows[i].words && !strstr(verdict.detail, rows[i].words)))
            fail_msg("%s: %s: %s", rows[i].says, cg_reason_row(verdict.reason)->code, verdict.detail);
        cg_verdict_clear(&verdict);
        cg_pki_rewind(pki, mark);
    }
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(extensions_are_what_the_standard_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
