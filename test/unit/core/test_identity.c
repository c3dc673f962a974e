/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Names taken from certificates, and the client ids that go with them. */
#include "core/path/identity.h"
#include "lib/pki_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *sentence;
    const char *words; /* of the recipe */
    enum cg_identity_source source;
    const char *strip;
    enum cg_reason reason;
    const char *name; /* when the reason is OK, else words of the detail */
};

static const struct row rows[] = {
    {"a URI without its prefix", "san=uri:urn:dev:a", CG_IDENTITY_SAN_URI, "urn:dev:", CG_REASON_OK, "a"},
    {"a URI as it is", "san=uri:urn:dev:a", CG_IDENTITY_SAN_URI, NULL, CG_REASON_OK, "urn:dev:a"},
    {"a DNS name", "san=uri:urn:x,dns:dev.lan", CG_IDENTITY_SAN_DNS, NULL, CG_REASON_OK, "dev.lan"},
    {"an email address", "san=email:dev@plant.lan", CG_IDENTITY_SAN_EMAIL, NULL, CG_REASON_OK, "dev@plant.lan"},
    {"a common name", "cn=dev1", CG_IDENTITY_CN, NULL, CG_REASON_OK, "dev1"},
    {"a common name in UTF-8", "cn=\\xc3\\xa9t\\xc3\\xa9", CG_IDENTITY_CN, NULL, CG_REASON_OK, "\xc3\xa9t\xc3\xa9"},
    {"the whole subject", "subject=/O=Plant/CN=d", CG_IDENTITY_SUBJECT, NULL, CG_REASON_OK, "CN=d,O=Plant"},
    {"of two URIs the one with the prefix", "san=uri:urn:x:b,uri:urn:dev:a", CG_IDENTITY_SAN_URI,
     "urn:dev:", CG_REASON_OK, "a"},
    {"the same name twice is one", "san=uri:urn:a,uri:urn:a", CG_IDENTITY_SAN_URI, NULL, CG_REASON_OK, "urn:a"},
    {"two names are ambiguous", "san=dns:a.lan,dns:b.lan", CG_IDENTITY_SAN_DNS, NULL, CG_REASON_IDENTITY_INVALID,
     "found different ones"},
    {"two common names are ambiguous", "subject=/CN=a/CN=b", CG_IDENTITY_CN, NULL, CG_REASON_IDENTITY_INVALID,
     "found different ones"},
    {"no SAN of the kind", "san=uri:urn:a", CG_IDENTITY_SAN_DNS, NULL, CG_REASON_IDENTITY_MISSING, "found none"},
    {"no SAN at all", "san=none cn=x", CG_IDENTITY_SAN_URI, NULL, CG_REASON_IDENTITY_MISSING, "found none"},
    {"no common name", "subject=/O=x", CG_IDENTITY_CN, NULL, CG_REASON_IDENTITY_MISSING, "found none"},
    {"an empty subject", "subject=/", CG_IDENTITY_SUBJECT, NULL, CG_REASON_IDENTITY_MISSING, "found none"},
    {"no name with the prefix", "san=uri:urn:x:b", CG_IDENTITY_SAN_URI, "urn:dev:", CG_REASON_IDENTITY_MISSING,
     "starts with 'urn:dev:'"},
    {"nothing after the prefix", "san=uri:urn:dev:", CG_IDENTITY_SAN_URI, "urn:dev:", CG_REASON_IDENTITY_INVALID,
     "cannot be a username"},
    {"a plus sign", "cn=a+b", CG_IDENTITY_CN, NULL, CG_REASON_IDENTITY_INVALID, "cannot be a username"},
    {"a hash sign", "san=uri:#", CG_IDENTITY_SAN_URI, NULL, CG_REASON_IDENTITY_INVALID, "cannot be a username"},
    {"a level separator", "san=uri:urn:a/b", CG_IDENTITY_SAN_URI, NULL, CG_REASON_IDENTITY_INVALID,
     "cannot be a username"},
    {"a wildcard DNS name", "san=dns:*.lan", CG_IDENTITY_SAN_DNS, NULL, CG_REASON_IDENTITY_INVALID,
     "cannot be a username"},
    {"a system topic", "san=uri:$SYS", CG_IDENTITY_SAN_URI, NULL, CG_REASON_IDENTITY_INVALID, "cannot be a username"},
    {"a NUL byte inside", "san=uri:urn:a\\x00b", CG_IDENTITY_SAN_URI, NULL, CG_REASON_IDENTITY_INVALID, "urn:a\\x00b"},
    {"a newline inside", "san=uri:urn:a\\x0ab", CG_IDENTITY_SAN_URI, NULL, CG_REASON_IDENTITY_INVALID, "urn:a\\x0ab"},
    {"a byte that is not UTF-8", "san=uri:urn:\\xff", CG_IDENTITY_SAN_URI, NULL, CG_REASON_IDENTITY_INVALID,
     "cannot be a username"},
    {"no source", "cn=a", CG_IDENTITY_NONE, NULL, CG_REASON_IDENTITY_MISSING, "names no field"},
};

static void each_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char recipe[256];
        struct cg_identity identity;
        const struct cg_identity_policy policy = {.username = rows[i].source, .strip_prefix = rows[i].strip};
        struct cg_pki *pki = cg_pki_new(1750000000);
        snprintf(recipe, sizeof recipe, "a: %s\n", rows[i].words);
        cg_pki_make(pki, recipe);
        cg_identity_of(cg_pki_cert(pki, "a"), &policy, &identity);
        bool named = rows[i].reason == CG_REASON_OK;
        if (identity.reason != rows[i].reason || (named && strcmp(identity.name, rows[i].name) != 0) ||
            (!named && (*identity.name || !strstr(identity.detail, rows[i].name))))
            fail_msg("%s: reason %d, name '%s', detail '%s'", rows[i].sentence, identity.reason, identity.name,
                     identity.detail);
        cg_pki_free(pki);
    }
}

static void a_name_of_255_bytes_fits_and_256_do_not(void **state)
{
    (void)state;
    char recipe[400];
    struct cg_identity identity;
    const struct cg_identity_policy policy = {.username = CG_IDENTITY_SAN_URI};
    for (int len = 255; len <= 256; len++) {
        struct cg_pki *pki = cg_pki_new(1750000000);
        snprintf(recipe, sizeof recipe, "a: san=uri:%0*d\n", len, 7);
        cg_pki_make(pki, recipe);
        cg_identity_of(cg_pki_cert(pki, "a"), &policy, &identity);
        assert_int_equal(identity.reason, len == 255 ? CG_REASON_OK : CG_REASON_IDENTITY_INVALID);
        cg_pki_free(pki);
    }
}

static void no_certificate_has_no_name(void **state)
{
    (void)state;
    struct cg_identity identity;
    const struct cg_identity_policy policy = {.username = CG_IDENTITY_CN};
    cg_identity_of(NULL, &policy, &identity);
    assert_int_equal(identity.reason, CG_REASON_IDENTITY_MISSING);
}

static const struct id_row {
    const char *sentence;
    enum cg_client_id_rule rule;
    const char *name, *client_id;
    bool allowed;
    const char *separator;
    bool renews; /* the policy's */
} ids[] = {
    {"any id goes", CG_CLIENT_ID_ANY, "a", "b", true, NULL, false},
    {"any id goes without a name", CG_CLIENT_ID_ANY, "", "b", true, NULL, false},
    {"equal", CG_CLIENT_ID_EQUAL, "dev1", "dev1", true, NULL, false},
    {"longer is not equal", CG_CLIENT_ID_EQUAL, "dev1", "dev1-a", false, NULL, false},
    {"shorter is not equal", CG_CLIENT_ID_EQUAL, "dev1", "dev", false, NULL, false},
    {"without a name no id is equal", CG_CLIENT_ID_EQUAL, "", "", false, NULL, false},
    {"the prefix itself", CG_CLIENT_ID_PREFIX, "dev1", "dev1", true, NULL, false},
    {"prefix and separator", CG_CLIENT_ID_PREFIX, "dev1", "dev1:app", true, ":", false},
    {"prefix and separator alone", CG_CLIENT_ID_PREFIX, "dev1", "dev1--", true, "--", false},
    {"half a separator", CG_CLIENT_ID_PREFIX, "dev1", "dev1-a", false, "--", false},
    {"another separator", CG_CLIENT_ID_PREFIX, "dev1", "dev1-a", false, ":", false},
    {"no separator", CG_CLIENT_ID_PREFIX, "dev1", "dev1-a", false, NULL, false},
    {"another name that starts the same", CG_CLIENT_ID_PREFIX, "dev1", "dev10", false, "-", false},
    {"another start", CG_CLIENT_ID_PREFIX, "dev1", "xdev1-a", false, "-", false},
    {"without a name no prefix", CG_CLIENT_ID_PREFIX, "", "-a", false, "-", false},
    {"no id", CG_CLIENT_ID_PREFIX, "dev1", NULL, false, NULL, false},
    {"a renewal where the id is the name", CG_CLIENT_ID_EQUAL, "dev1", "dev1~renew", true, NULL, true},
    {"a renewal where the id begins with the name", CG_CLIENT_ID_PREFIX, "dev1", "dev1~renew", true, ":", true},
    {"no renewal without a spool", CG_CLIENT_ID_EQUAL, "dev1", "dev1~renew", false, NULL, false},
    {"no renewal without a spool, by prefix", CG_CLIENT_ID_PREFIX, "dev1", "dev1~renew", false, ":", false},
    {"nor another's renewal", CG_CLIENT_ID_EQUAL, "dev1", "dev10~renew", false, NULL, true},
    {"nor half of it", CG_CLIENT_ID_EQUAL, "dev1", "dev1~rene", false, NULL, true},
    {"nor more than it", CG_CLIENT_ID_EQUAL, "dev1", "dev1~renew2", false, NULL, true},
    {"nor another word", CG_CLIENT_ID_EQUAL, "dev1", "dev1~x", false, NULL, true},
    {"nor in capitals", CG_CLIENT_ID_EQUAL, "dev1", "dev1~RENEW", false, NULL, true},
    {"nor without a name", CG_CLIENT_ID_EQUAL, "", "~renew", false, NULL, true},
};

static void each_client_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const struct cg_identity_policy policy = {
            .client_id = ids[i].rule, .separator = ids[i].separator, .renews = ids[i].renews};
        if (cg_identity_allows(&policy, ids[i].name, ids[i].client_id) != ids[i].allowed)
            fail_msg("%s", ids[i].sentence);
    }
}

/* Only such a session is limited: where any ids are allowed, the name proves nothing, and a renewal needs no exception. */
static void only_a_restricted_id_is_a_renewal(void **state)
{
    (void)state;
    struct cg_identity_policy policy = {.client_id = CG_CLIENT_ID_EQUAL, .renews = true};
    assert_true(cg_identity_is_renewal(&policy, "dev1", "dev1~renew"));
    assert_false(cg_identity_is_renewal(&policy, "dev1", "dev1"));
    assert_false(cg_identity_is_renewal(&policy, "", "~renew"));
    assert_false(cg_identity_is_renewal(&policy, "dev1", NULL));
    policy.client_id = CG_CLIENT_ID_ANY;
    assert_false(cg_identity_is_renewal(&policy, "dev1", "dev1~renew"));
    policy.one_client = true;
    assert_true(cg_identity_is_renewal(&policy, "dev1", "dev1~renew"));
    policy = (struct cg_identity_policy){.client_id = CG_CLIENT_ID_PREFIX};
    assert_false(cg_identity_is_renewal(&policy, "dev1", "dev1~renew"));
}

/* Where the name ends must be plain to see in every client id. */
static void names_that_are_compared_with_client_ids(void **state)
{
    (void)state;
    static const struct {
        const char *cn;
        enum cg_client_id_rule rule;
        const char *separator;
        enum cg_reason reason;
    } names[] = {
        {"dev1-2", CG_CLIENT_ID_ANY, NULL, CG_REASON_OK},
        {"dev1-2", CG_CLIENT_ID_EQUAL, NULL, CG_REASON_OK},
        {"dev1-2", CG_CLIENT_ID_PREFIX, "-", CG_REASON_IDENTITY_INVALID},
        {"dev1-2", CG_CLIENT_ID_PREFIX, ":", CG_REASON_OK},
        {"dev1~x", CG_CLIENT_ID_ANY, NULL, CG_REASON_OK},
        {"dev1~x", CG_CLIENT_ID_EQUAL, NULL, CG_REASON_IDENTITY_INVALID},
        {"dev1~x", CG_CLIENT_ID_PREFIX, ":", CG_REASON_IDENTITY_INVALID},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char recipe[64];
        struct cg_identity identity;
        const struct cg_identity_policy policy = {
            .username = CG_IDENTITY_CN, .client_id = names[i].rule, .separator = names[i].separator};
        struct cg_pki *pki = cg_pki_new(1750000000);
        snprintf(recipe, sizeof recipe, "a: cn=%s\n", names[i].cn);
        cg_pki_make(pki, recipe);
        cg_identity_of(cg_pki_cert(pki, "a"), &policy, &identity);
        if (identity.reason != names[i].reason)
            fail_msg("%s, row %zu: %d", names[i].cn, i, identity.reason);
        cg_pki_free(pki);
    }
}

/* The entry of a list by the certificate, or by the name that the policy takes from it. */
static void a_list_by_identity(void **state)
{
    (void)state;
    struct cg_certificate_match items[] = {{.identity = "dev2"}, {.identity = "dev1"}};
    struct cg_certificate_list list = {.item = items, .count = 2};
    struct cg_pki *pki = cg_pki_new(1750000000);
    cg_pki_make(pki, "a: cn=dev1 san=uri:urn:dev2\nb: cn=dev1 san=uri:urn:dev2\nc: cn=dev3\nd: cn=dev1+x\n");
    cg_list_sort(&list);
    const struct {
        const char *certificate, *identity; /* NULL: not found */
        struct cg_identity_policy policy;
    } found[] = {
        {"a", "dev1", {.username = CG_IDENTITY_CN}},
        {"b", "dev1", {.username = CG_IDENTITY_CN}}, /* renewed */
        {"a", "dev2", {.username = CG_IDENTITY_SAN_URI, .strip_prefix = "urn:"}},
        {"a", NULL, {.username = CG_IDENTITY_SAN_URI}},
        {"a", NULL, {.username = CG_IDENTITY_NONE}},
        {"c", NULL, {.username = CG_IDENTITY_CN}},
        {"d", NULL, {.username = CG_IDENTITY_CN}}, /* no valid name */
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        bool fault = true;
        const struct cg_certificate_match *match = cg_identity_in(&list, cg_pki_cert(pki, found[i].certificate),
                                                                  &found[i].policy, &fault);
        assert_false(fault);
        if (!match != !found[i].identity || (match && strcmp(match->identity, found[i].identity) != 0))
            fail_msg("row %zu: %s", i, match ? match->identity : "not found");
    }
    cg_pki_free(pki);
}

/* ---- the verdict on a client */

static const struct client_row {
    const char *sentence;
    const char *name; /* of the certificate; NULL: none */
    struct cg_identity_policy policy;
    enum cg_mode missing, mismatch; /* modes of the two rules */
    const char *client_id;
    enum cg_reason reason; /* CG_REASON_OK: accepted */
    bool authenticates;
    int nfindings;
} clients[] = {
    {"a name that fits",
     "dev1",
     {.username = CG_IDENTITY_CN, .client_id = CG_CLIENT_ID_EQUAL, .authenticates = true},
     CG_ENFORCE,
     CG_ENFORCE,
     "dev1",
     CG_REASON_OK,
     true,
     0},
    {"a name alone", "dev1", {.username = CG_IDENTITY_CN}, CG_ENFORCE, CG_ENFORCE, "x", CG_REASON_OK, false, 0},
    {"another id",
     "dev1",
     {.username = CG_IDENTITY_CN, .client_id = CG_CLIENT_ID_EQUAL, .authenticates = true},
     CG_ENFORCE,
     CG_ENFORCE,
     "dev2",
     CG_REASON_CLIENT_ID_MISMATCH,
     false,
     0},
    {"another id, audited, logs nobody in",
     "dev1",
     {.username = CG_IDENTITY_CN, .client_id = CG_CLIENT_ID_EQUAL, .authenticates = true},
     CG_ENFORCE,
     CG_AUDIT,
     "dev2",
     CG_REASON_OK,
     false,
     1},
    {"another id, where the rule is off",
     "dev1",
     {.username = CG_IDENTITY_CN, .client_id = CG_CLIENT_ID_EQUAL, .authenticates = true},
     CG_ENFORCE,
     CG_OFF,
     "dev2",
     CG_REASON_OK,
     true,
     0},
    {"no name",
     "dev1",
     {.username = CG_IDENTITY_SAN_EMAIL, .authenticates = true},
     CG_ENFORCE,
     CG_ENFORCE,
     "x",
     CG_REASON_IDENTITY_MISSING,
     false,
     0},
    {"no name, audited, logs nobody in",
     "dev1",
     {.username = CG_IDENTITY_SAN_EMAIL, .authenticates = true},
     CG_AUDIT,
     CG_ENFORCE,
     "x",
     CG_REASON_OK,
     false,
     1},
    {"no name, where the rule is off, logs nobody in",
     "dev1",
     {.username = CG_IDENTITY_SAN_EMAIL, .authenticates = true},
     CG_OFF,
     CG_ENFORCE,
     "x",
     CG_REASON_OK,
     false,
     0},
    {"no name and another id, both audited",
     "dev1",
     {.username = CG_IDENTITY_SAN_EMAIL, .client_id = CG_CLIENT_ID_EQUAL, .authenticates = true},
     CG_AUDIT,
     CG_AUDIT,
     "x",
     CG_REASON_OK,
     false,
     2},
    {"no certificate",
     NULL,
     {.username = CG_IDENTITY_CN, .client_id = CG_CLIENT_ID_EQUAL, .authenticates = true},
     CG_ENFORCE,
     CG_ENFORCE,
     "x",
     CG_REASON_OK,
     false,
     0},
};

static void each_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        const struct client_row *row = &clients[i];
        struct cg_listener_policy listener = {.identity = row->policy};
        struct cg_client_verdict verdict;
        struct cg_pki *pki = cg_pki_new(1750000000);
        cg_pki_make(pki, "dev1: cn=dev1\n");
        listener.client.mode[CG_REASON_IDENTITY_MISSING] = row->missing;
        listener.client.mode[CG_REASON_CLIENT_ID_MISMATCH] = row->mismatch;
        cg_check_client(&listener, row->name ? cg_pki_cert(pki, row->name) : NULL, row->client_id, &verdict);
        bool accepted = row->reason == CG_REASON_OK;
        if (verdict.reason != row->reason || (verdict.decision == CG_ACCEPT) != accepted ||
            verdict.authenticates != row->authenticates || verdict.nfindings != row->nfindings ||
            !verdict.detail[0] != accepted)
            fail_msg("%s: %d %d %d '%s'", row->sentence, verdict.reason, verdict.authenticates, verdict.nfindings,
                     verdict.detail);
        cg_pki_free(pki);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_compared_with_client_ids),
        cmocka_unit_test(each_client),
        cmocka_unit_test(each_name),
        cmocka_unit_test(a_name_of_255_bytes_fits_and_256_do_not),
        cmocka_unit_test(no_certificate_has_no_name),
        cmocka_unit_test(each_client_id),
        cmocka_unit_test(only_a_restricted_id_is_a_renewal),
        cmocka_unit_test(a_list_by_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
