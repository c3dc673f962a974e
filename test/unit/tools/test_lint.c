/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lint's rules on certificates: each finds its fault, and finds nothing in the same certificate without the fault. A fault in
 * one extension does not change the findings on others. */
#include "core/base/text.h"
#include "lib/pki_maker.h"
#include "lint/lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1900000000)

/* certificatePolicies: a policy with an unknown qualifier, with an empty list, and with a user notice */
#define UNKNOWN_QUALIFIER "3012301006022a03300a300806022a040c026869"
#define ANY_QUALIFIER     "301430120604551d2000300a300806022a040c026869"
#define NO_QUALIFIERS     "3008300606022a033000"
#define NOTICE(text)                                                                                                   \
    "301a301806022a0330123010"                                                                                         \
    "06082b060105050702023004" text
#define ANY_MAPPING "300c300a0604551d200006022a03"

static const struct row {
    const char *rule, *ok, *bad; /* recipes for "c"; if there are several lines, all are linted */
    const char *from, *to;       /* NULL, or octets of ok and their replacement, which makes the fault */
} rows[] = {
    {"key_usage_empty", "c: issuer=root", "c: issuer=root ku=none ext=critical,2.5.29.15=03020700", NULL, NULL},
    {"key_usage_sign_without_ca", "c: issuer=root", "c: issuer=root ku=critical,digitalSignature,keyCertSign", NULL,
     NULL},
    {"ca_key_usage_no_sign", "c: ca issuer=root", "c: ca issuer=root ku=critical,cRLSign", NULL, NULL},
    {"ca_key_usage_missing", "c: ca issuer=root", "c: ca issuer=root ku=none", NULL, NULL},
    {"ca_basic_constraints_missing", "c: ca issuer=root", "c: ca issuer=root bc=none", NULL, NULL},
    {"pathlen_without_ca", "c: ca issuer=root", "c: issuer=root bc=critical,CA:FALSE,pathlen:0", NULL, NULL},
    {"extension_malformed", "c: issuer=root", "c: issuer=root ku=none ext=critical,2.5.29.15=0403", NULL, NULL},
    {"extension_criticality", "c: ca issuer=root nc=critical,permitted;DNS:a.lan",
     "c: ca issuer=root nc=permitted;DNS:a.lan", NULL, NULL},
    {"extension_criticality_unusual", "c: issuer=root ext=2.5.29.18=30078205612e6c616e",
     "c: issuer=root ext=critical,2.5.29.18=30078205612e6c616e", NULL, NULL},
    {"der_not_strict", "c: issuer=root", NULL, "0603551d0f0101ff", "0603551d0f010101"},
    {"der_not_strict", "c: ca issuer=root bc=critical,CA:TRUE", NULL,
     "04053003"
     "0101ff",
     "04053003"
     "010101"},
    {"der_not_strict", "c: issuer=root", "c: issuer=root ku=none ext=critical,2.5.29.15=03020781", NULL, NULL},
    {"der_bit_list", "c: issuer=root ku=none ext=critical,2.5.29.15=03020780",
     "c: issuer=root ku=none ext=critical,2.5.29.15=03020080", NULL, NULL},
    {"der_bit_list", "c: issuer=root", "c: issuer=root ku=none ext=critical,2.5.29.15=0303008000", NULL, NULL},
    {"der_default", "c: issuer=root", NULL, "0603551d0f0101ff", "0603551d0f010100"},
    {"der_default", "c: issuer=root", "c: issuer=root bc=none ext=critical,2.5.29.19=3003010100", NULL, NULL},
    {"der_default", "c: ca issuer=root ext=critical,2.5.29.30=300ba00930078205612e6c616e",
     "c: ca issuer=root ext=critical,2.5.29.30=300ea00c300a8205612e6c616e800100", NULL, NULL},
    {"extension_empty", "c: issuer=root", "c: issuer=root eku=none ext=2.5.29.37=3000", NULL, NULL},
    {"extension_empty", "c: issuer=root policies=1.2.3", "c: issuer=root ext=2.5.29.32=3000", NULL, NULL},
    {"extension_empty", "c: issuer=root", "c: issuer=root ext=2.5.29.31=3000", NULL, NULL},
    {"extension_empty", "c: issuer=root", "c: issuer=root ext=1.3.6.1.5.5.7.1.1=3000", NULL, NULL},
    {"extension_empty", "c: ca issuer=root", "c: ca issuer=root ext=critical,2.5.29.33=3000", NULL, NULL},
    {"extension_empty", "c: issuer=root", "c: issuer=root ext=2.5.29.18=3000", NULL, NULL},
    {"san_empty", "c: issuer=root", "c: issuer=root san=none ext=2.5.29.17=3000", NULL, NULL},
    {"name_constraints_empty", "c: ca issuer=root nc=critical,permitted;DNS:a.lan",
     "c: ca issuer=root ext=critical,2.5.29.30=3000", NULL, NULL},
    {"name_constraints_empty", "c: ca issuer=root nc=critical,permitted;DNS:a.lan",
     "c: ca issuer=root ext=critical,2.5.29.30=300da00930078205612e6c616ea100", NULL, NULL},
    {"policy_constraints_empty", "c: ca issuer=root policy-constraints=critical,requireExplicitPolicy:0",
     "c: ca issuer=root ext=critical,2.5.29.36=3000", NULL, NULL},
    {"crl_point_empty", "c: issuer=root ext=2.5.29.31=300f300da00ba0098607687474703a2f2f",
     "c: issuer=root ext=2.5.29.31=3006300481020640", NULL, NULL},
    {"policy_mapping_any", "c: ca issuer=root policies=1.2.3 mappings=critical,1.2.3:1.2.4",
     "c: ca issuer=root policies=1.2.3 ext=critical,2.5.29.33=" ANY_MAPPING, NULL, NULL},
    {"policy_mapping_unlisted", "c: ca issuer=root policies=1.2.3 mappings=critical,1.2.3:1.2.4",
     "c: ca issuer=root policies=1.2.5 mappings=critical,1.2.3:1.2.4", NULL, NULL},
    {"policy_mapping_in_leaf", "c: ca issuer=root mappings=critical,1.2.3:1.2.4",
     "c: issuer=root mappings=critical,1.2.3:1.2.4", NULL, NULL},
    {"policy_qualifier_unknown", "c: issuer=root policies=1.2.3", "c: issuer=root ext=2.5.29.32=" UNKNOWN_QUALIFIER,
     NULL, NULL},
    {"policy_any_qualifier", "c: issuer=root ext=2.5.29.32=" UNKNOWN_QUALIFIER,
     "c: issuer=root ext=2.5.29.32=" ANY_QUALIFIER, NULL, NULL},
    {"policy_qualifier_critical", "c: issuer=root ext=2.5.29.32=" UNKNOWN_QUALIFIER,
     "c: issuer=root ext=critical,2.5.29.32=" UNKNOWN_QUALIFIER, NULL, NULL},
    {"policy_qualifiers_empty", "c: issuer=root policies=1.2.3", "c: issuer=root ext=2.5.29.32=" NO_QUALIFIERS, NULL,
     NULL},
    {"policy_notice_ia5", "c: issuer=root ext=2.5.29.32=" NOTICE("0c026869"),
     "c: issuer=root ext=2.5.29.32=" NOTICE("16026869"), NULL, NULL},
    {"policy_notice_control", "c: issuer=root ext=2.5.29.32=" NOTICE("0c026869"),
     "c: issuer=root ext=2.5.29.32=" NOTICE("0c02681b"), NULL, NULL},
    {"policy_notice_type", "c: issuer=root ext=2.5.29.32=" NOTICE("0c026869"),
     "c: issuer=root ext=2.5.29.32=" NOTICE("1a026869"), NULL, NULL},
    {"issuer_name_malformed", "c: issuer=root ext=2.5.29.18=30078205612e6c616e",
     "c: issuer=root ext=2.5.29.18=30078205612e2e616e", NULL, NULL},
    {"san_malformed", "c: issuer=root san=email:a@b.lan", "c: issuer=root san=email:a@@b.lan", NULL, NULL},
    {"name_email_malformed", "c: issuer=root subject=/CN=c/emailAddress=a@b.lan",
     "c: issuer=root subject=/CN=c/emailAddress=nobody", NULL, NULL},
    {"san_wildcard_wide", "c: server issuer=root san=dns:*.home.lan", "c: server issuer=root san=dns:*.lan", NULL,
     NULL},
    {"name_host_as_organization", "c: server issuer=root subject=/O=Home/CN=home",
     "c: server issuer=root subject=/O=www.home.lan/CN=www.home.lan", NULL, NULL},
    {"name_host_as_organization", "c: ca issuer=root subject=/OU=www.home.lan/CN=www.home.lan",
     "c: server issuer=root subject=/OU=www.home.lan/CN=b san=dns:www.home.lan", NULL, NULL},
    {"name_host_as_organization", "c: server issuer=root subject=/O=home.lan/CN=b san=dns:b.home.lan",
     "c: server issuer=root subject=/O=b.home.lan/CN=x san=dns:b.home.lan", NULL, NULL},
    {"san_missing", "c: issuer=root san=none", "c: server issuer=root san=none", NULL, NULL},
    {"san_missing", "c: issuer=root san=none eku=OCSPSigning", "c: issuer=root san=none eku=none", NULL, NULL},
    {"san_missing_client", "c: server issuer=root san=none", "c: issuer=root san=none", NULL, NULL},
    {"weak_digest", "c: ca digest=sha1", "c: issuer=root digest=sha1", NULL, NULL},
    {"root_weak_digest", "c: ca issuer=root digest=sha1", "c: ca digest=sha1", NULL, NULL},
    {"serial_repeated",
     "a: ca cn=x\nb: ca cn=x\nc: issuer=a serial=0x1234567890abcdef12\nd: issuer=b "
     "serial=0x1234567890abcdef12",
     "c: issuer=root serial=0x1234567890abcdef12\nd: issuer=root serial=0x1234567890abcdef12", NULL, NULL},
    {"named_as_its_ca", "r: ca cn=x key=ed25519\nc: issuer=r cn=x aki=none", "r: ca cn=x\nc: issuer=r cn=x aki=none",
     NULL, NULL},
    {"aki_missing", "c: issuer=root", "c: issuer=root aki=none", NULL, NULL},
    {"aki_missing", "c: ca aki=none", "c: ca issuer=root aki=none", NULL, NULL},
    /* A root that another CA certified is still its own issuer. Of two issuers, the one that ends last counts. */
    {"outlives_issuer",
     "old: ca\nc: ca days=-1..900\nx: ca issuer=old key=@c cn=c days=-1..90\nl: issuer=c days=-1..300",
     "i: ca issuer=root days=-1..90\nl: issuer=i days=-1..300", NULL, NULL},
};

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static size_t unhex(const char *hex, unsigned char *out)
{
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return len;
}

/* The certificate with some octets replaced. */
static X509 *patched(X509 *cert, const char *from, const char *to)
{
    unsigned char *der = NULL, was[32], is[32];
    int len = i2d_X509(cert, &der);
    size_t n = unhex(from, was);
    assert_true(len > 0 && unhex(to, is) == n);
    unsigned char *at = memmem(der, (size_t)len, was, n);
    assert_non_null(at);
    memcpy(at, is, n);
    const unsigned char *p = der;
    X509 *changed = d2i_X509(NULL, &p, len);
    assert_non_null(changed);
    OPENSSL_free(der);
    return changed;
}

static bool finds(struct cg_lint *lint, const char *rule)
{
    assert_true(cg_lint_run(lint));
    for (size_t i = 0; i < cg_lint_count(lint); i++)
        if (strcmp(cg_lint_finding(lint, i)->row->id, rule) == 0)
            return true;
    return false;
}

/* Lints all certificates of the recipe. */
static bool found_in(const char *recipe, const char *rule)
{
    struct cg_pki *pki = cg_pki_new(NOW);
    struct cg_lint *lint = cg_lint_new(NOW);
    char name[16];
    cg_pki_make(pki, "root: ca days=-1..3000");
    cg_pki_make(pki, recipe);
    for (const char *line = recipe; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        assert_int_equal(sscanf(line, "%15[^:]", name), 1);
        assert_true(cg_lint_add_certificate(lint, cg_pki_cert(pki, name)));
    }
    bool found = finds(lint, rule);
    cg_lint_free(lint);
    cg_pki_free(pki);
    return found;
}

static bool found_in_patched(const struct row *row)
{
    struct cg_pki *pki = cg_pki_new(NOW);
    struct cg_lint *lint = cg_lint_new(NOW);
    cg_pki_make(pki, "root: ca");
    cg_pki_make(pki, row->ok);
    X509 *cert = patched(cg_pki_cert(pki, "c"), row->from, row->to);
    assert_true(cg_lint_add_certificate(lint, cert));
    bool found = finds(lint, row->rule);
    X509_free(cert);
    cg_lint_free(lint);
    cg_pki_free(pki);
    return found;
}

static void rules_find_their_fault(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool ok = !found_in(rows[i].ok, rows[i].rule);
        bool bad = rows[i].from ? found_in_patched(&rows[i]) : found_in(rows[i].bad, rows[i].rule);
        if (!ok || !bad)
            printf("%s: row %zu: %s\n", rows[i].rule, i, ok ? "not found" : "found without the fault");
        wrong += !ok || !bad;
    }
    assert_int_equal(wrong, 0);
}

/* A fault in one extension, and a rule that must not apply because of it. */
static void faults_do_not_affect_other_extensions(void **state)
{
    static const struct {
        const char *recipe, *rule;
    } absent[] = {
        {"c: issuer=root san=none ext=2.5.29.17=0403", "key_usage_empty"},
        {"c: issuer=root eku=none ext=2.5.29.37=0403", "key_usage_empty"},
        {"c: issuer=root ku=none ext=critical,2.5.29.15=0403", "key_usage_empty"},
        {"c: issuer=root ku=none ext=critical,2.5.29.15=0403", "key_usage_missing"},
        {"c: issuer=root eku=none ext=2.5.29.37=0403", "eku_missing"},
        /* three octets: OpenSSL 4.0 adds no authorityKeyIdentifier of two, which would be an empty one */
        {"c: issuer=root aki=none ext=2.5.29.35=040300", "aki_missing"},
        {"c: ca issuer=root ku=critical,cRLSign", "eku_missing"},
        {"c: ca issuer=root ku=critical,cRLSign", "san_missing"},
        {"c: ca ku=critical,cRLSign", "self_signed_leaf"},
        {"c: ca issuer=root san=none ext=2.5.29.17=0403", "san_missing"},
        {"c: ca issuer=root bc=none ext=critical,2.5.29.19=0403", "ca_basic_constraints_missing"},
        {"c: ca issuer=root ku=critical,cRLSign bc=none ext=critical,2.5.29.19=0403", "san_missing"},
        /* version 1 and alone: it may be a root or a server */
        {"c: bare version=1", "ca_basic_constraints_missing"},
        {"c: bare version=1", "ca_key_usage_missing"},
        {"c: bare version=1", "self_signed_leaf"},
        {"c: bare version=1 issuer=root", "ca_ski_missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (found_in(absent[i].recipe, absent[i].rule))
            fail_msg("%s: %s", absent[i].recipe, absent[i].rule);
}

/* A certificate that issued another one is a CA, whatever its version. */
static void issuers_of_version_1_are_cas(void **state)
{
    (void)state;
    assert_false(found_in("c: bare version=1", "ca_basic_constraints_missing"));
    assert_true(found_in("c: bare version=1\nl: issuer=c aki=none", "ca_basic_constraints_missing"));
    assert_true(found_in("c: bare version=1", "not_v3"));
}

/* Any text in a certificate is printed as one line of UTF-8. */
static void texts_are_escaped(void **state)
{
    static const char *const recipes[] = {
        "c: issuer=root cn='\\x1b[31mred' san=dns:\\x1b[31mred",
        "c: issuer=root cn='\\xc2\\x9b31mred' san=uri:\\xc2\\x9b",
        "c: issuer=root cn='a\\x0ab' san=email:\\xff\\xfe",
        "c: issuer=root subject=/O=\\xe2\\x80\\xaeb.lan/CN=x san=dns:\\xe2\\x80\\xae.lan",
        "c: issuer=root ext=2.5.29.18=3007820561001b0a9b",
        "c: issuer=root subject=/CN=c/emailAddress=\\x1b@",
    };
    (void)state;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        struct cg_pki *pki = cg_pki_new(NOW);
        struct cg_lint *lint = cg_lint_new(NOW);
        cg_pki_make(pki, "root: ca");
        cg_pki_make(pki, recipes[i]);
        assert_true(cg_lint_add_certificate(lint, cg_pki_cert(pki, "c")) && cg_lint_run(lint));
        assert_true(cg_lint_count(lint) > 0);
        for (size_t f = 0; f < cg_lint_count(lint); f++) {
            const struct cg_lint_finding *finding = cg_lint_finding(lint, f);
            char out[512];
            assert_true(cg_text_escape(finding->object, strlen(finding->object), out, sizeof out));
            assert_true(cg_text_escape(finding->detail, strlen(finding->detail), out, sizeof out));
        }
        cg_lint_free(lint);
        cg_pki_free(pki);
    }
}

/* A BMPString is shown by its characters, here "a", ESC and NUL, with escapes. */
static void old_string_types_are_read(void **state)
{
    (void)state;
    struct cg_pki *pki = cg_pki_new(NOW);
    struct cg_lint *lint = cg_lint_new(NOW);
    cg_pki_make(pki, "root: ca\nc: issuer=root cn=abcdef");
    X509 *cert = patched(cg_pki_cert(pki, "c"), "5504030c06616263646566", "5504031e060061001b0000");
    assert_true(cg_lint_add_certificate(lint, cert) && finds(lint, "name_old_string_type"));
    for (size_t i = 0; i < cg_lint_count(lint); i++)
        if (strcmp(cg_lint_finding(lint, i)->row->id, "name_old_string_type") == 0)
            assert_string_equal(cg_lint_finding(lint, i)->detail, "CN = \"a\\x1b\\x00\"");
    X509_free(cert);
    cg_lint_free(lint);
    cg_pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_find_their_fault),       cmocka_unit_test(faults_do_not_affect_other_extensions),
        cmocka_unit_test(issuers_of_version_1_are_cas), cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(old_string_types_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
