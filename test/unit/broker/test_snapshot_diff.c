/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reports of a new snapshot: changes of trust and CRLs, including those of bridges, of credentials, and cipher lists without
 * pre-shared keys. */
#include "broker/reload/snapshot_diff.h"

#include "core/policy/policy_load.h"
#include "lib/pki_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW      INT64_C(1767225600)
#define PSK_LIST "ECDHE-PSK-CHACHA20-POLY1305"
#define NO_PSK   "ECDHE-ECDSA-AES128-GCM-SHA256"

static char logged[4096];

static void broker_log(enum cg_level level, const char *text)
{
    (void)level;
    strncat(logged, text, sizeof logged - strlen(logged) - 2);
    strncat(logged, "\n", sizeof logged - strlen(logged) - 1);
}

/* crl: "" for none */
static struct cg_trust *trust_of(struct cg_pki *pki, const char *anchors, const char *crl)
{
    struct cg_trust *trust = cg_trust_new();
    struct cg_error err = {""};
    char *pem = cg_pki_pem(pki, anchors), *list = crl[0] ? cg_pki_pem(pki, crl) : NULL;
    cg_trust_allow_extended_crls(trust); /* also accepts one without a number */
    if (!cg_trust_add_anchors(trust, anchors, pem, strlen(pem), &err) ||
        (list && !cg_trust_add_crls(trust, crl, list, strlen(list), &err)))
        fail_msg("%s", err.text);
    free(pem);
    free(list);
    return trust;
}

static void each_trust_separately(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_pki *pki = cg_pki_new(NOW);
    cg_pki_make(pki, "one: ca cn=one\ntwo: ca cn=two\nthree: ca cn=three\n"
                     "one1: crl issuer=one number=1 days=-2..7\none2: crl issuer=one number=2 days=-1..7\n"
                     "two5: crl issuer=two number=5 days=-2..7\ntwo6: crl issuer=two number=6 days=-1..7\n"
                     "three9: crl issuer=three number=9");
    struct cg_policy *policy = cg_policy_default("ca.pem", &err);
    struct cg_reporter *reporter = cg_reporter_open(&policy->log, broker_log, &err);
    struct cg_trust *first = trust_of(pki, "one", "one1"), *newer = trust_of(pki, "one", "one2"),
                    *bridges = trust_of(pki, "two", "two5"), *later = trust_of(pki, "two", "two6"),
                    *other = trust_of(pki, "three", "three9");
    const struct {
        struct cg_trust *trust, *server_trust, *bridge_trust;
        const char *words, *not_these;
    } rows[] = {
        {newer, newer, bridges, "CRL of CN=one: number 2 (previously 1)", "CN=two"},
        {newer, newer, later, "CRL of CN=two: number 6 (previously 5)", "CN=one"},
        {newer, other, later, "trust anchors for the broker's own certificate: 1 (previously 1); new CRL of CN=three",
         "CN=two"},
        {newer, later, later, "new CRL of CN=two: number 6", "CN=one"},
        {newer, newer, other, "trust anchors for bridges: ", "CN=one"},
        {newer, newer, newer, "", "CRL of"}, /* no separate trust any more: nothing is new */
    };
    struct cg_snapshot before = {.policy = policy, .trust = first, .server_trust = first, .bridge_trust = bridges};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_snapshot now = {.policy = policy,
                                  .trust = rows[i].trust,
                                  .server_trust = rows[i].server_trust,
                                  .bridge_trust = rows[i].bridge_trust};
        logged[0] = '\0';
        cg_snapshot_diff_report(reporter, &before, &now);
        if (!strstr(logged, rows[i].words) || strstr(logged, rows[i].not_these))
            fail_msg("row %zu: %s", i, logged);
        before = now;
    }
    cg_reporter_close(reporter);
    cg_policy_free(policy);
    struct cg_trust *const all[] = {first, newer, bridges, later, other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cg_trust_free(all[i]);
    cg_pki_free(pki);
}

static size_t count_of(const char *words)
{
    size_t count = 0;
    for (const char *at = logged; (at = strstr(at, words)); at += strlen(words))
        count++;
    return count;
}

/* ---- one trust for all */

static struct {
    struct cg_pki *pki;
    struct cg_policy *policy;
    struct cg_reporter *reporter;
} w;

static int start(void **state)
{
    (void)state;
    struct cg_error err = {""};
    logged[0] = '\0';
    w.pki = cg_pki_new(NOW);
    cg_pki_make(w.pki, "one: ca cn=one\ntwo: ca cn=two\nthree: ca cn=three\nfour: ca cn=four\nfive: ca cn=five\n"
                       "six: ca cn=six\nseven: ca cn=seven\neight: ca cn=eight\nnine: ca cn=nine\n"
                       "nothing: crl issuer=one number=none\ninter: ca issuer=one\n"
                       "one1: crl issuer=one number=1\none2: crl issuer=one number=2\n"
                       "one1more: crl issuer=one number=1 revoke=0x7\none1later: crl issuer=one number=1 days=0..7\n"
                       "two2: crl issuer=two number=2\nthree3: crl issuer=three number=3\n"
                       "four4: crl issuer=four number=4\nfive5: crl issuer=five number=5\n"
                       "six6: crl issuer=six number=6\nseven7: crl issuer=seven number=7\n"
                       "eight8: crl issuer=eight number=8\nnine9: crl issuer=nine number=9\n"
                       "server: server issuer=one serial=0x71\nrenewed: server issuer=one serial=0x72");
    w.policy = cg_policy_default("ca.pem", &err);
    w.reporter = cg_reporter_open(&w.policy->log, broker_log, &err);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    cg_reporter_close(w.reporter);
    cg_policy_free(w.policy);
    cg_pki_free(w.pki);
    return 0;
}

#define NINE "one two three four five six seven eight nine"

static const struct {
    const char *sentence, *anchors[2], *crls[2]; /* old and new; anchors NULL: the start */
    const char *words, *not_these;
} steps[] = {
    {"the start",
     {NULL, "one"},
     {"", "one1"},
     ": 1 trust anchor, 1 CRL: new CRL of CN=one: number 1, 0 entries",
     "previously"},
    {"a number after none", {"one", "one"}, {"nothing", "one1"}, "number 1 (previously none), 0 entries", "entries ("},
    {"a new number",
     {"one", "one"},
     {"one1", "one2"},
     "CRL of CN=one: number 2 (previously 1), 0 entries",
     "entries ("},
    {"its number again, with an entry",
     {"one", "one"},
     {"one1", "one1more"},
     "number 1, 1 entry (previously 0)",
     "trust anchors: "},
    {"its number again, made later",
     {"one", "one"},
     {"one1", "one1later"},
     "number 1, 0 entries (previously 0)",
     "trust anchors: "},
    {"the same one", {"one", "one"}, {"one1", "one1"}, "", "CRL of"},
    {"one CA more", {"one", "one two"}, {"one1", "one1"}, "trust anchors: 2 (previously 1)", "CRL of"},
    {"another CA, as many", {"one two", "one three"}, {"one1", "one1"}, "trust anchors: 2 (previously 2)", "CRL of"},
};

static void text_of_each_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct cg_trust *first = steps[i].anchors[0] ? trust_of(w.pki, steps[i].anchors[0], steps[i].crls[0]) : NULL;
        struct cg_trust *second = trust_of(w.pki, steps[i].anchors[1], steps[i].crls[1]);
        struct cg_snapshot before = {.policy = w.policy, .trust = first, .server_trust = first, .bridge_trust = first},
                           now = {.policy = w.policy, .trust = second, .server_trust = second, .bridge_trust = second};
        logged[0] = '\0';
        cg_snapshot_diff_report(w.reporter, first ? &before : NULL, &now);
        if (!strstr(logged, steps[i].words) || strstr(logged, steps[i].not_these))
            fail_msg("%s: %s", steps[i].sentence, logged);
        cg_trust_free(first);
        cg_trust_free(second);
    }
}

/* Two partitions of a CA with a long name are distinguished. */
static void partitions_of_a_long_name(void **state)
{
    (void)state;
    cg_pki_make(w.pki,
                "long: ca 'subject=/C=DE/O=Example Plant Engineering and Automation GmbH/OU=Device Certificates of "
                "the Plant/CN=Example Plant Device Issuing CA G2'\n"
                "left: crl issuer=long number=5 idp=fullname:URI:http://crl.example/left.crl\n"
                "right: crl issuer=long number=6 idp=fullname:URI:http://crl.example/right.crl");
    struct cg_trust *trust = trust_of(w.pki, "long", "left right");
    struct cg_snapshot now = {.policy = w.policy, .trust = trust, .server_trust = trust, .bridge_trust = trust};
    cg_snapshot_diff_report(w.reporter, NULL, &now);
    if (count_of("CRL of CN=Example Plant Device Issuing CA G2") != 2 ||
        count_of("... (http://crl.example/left.crl): number 5") != 1 ||
        count_of("... (http://crl.example/right.crl): number 6") != 1)
        fail_msg("%s", logged);
    cg_trust_free(trust);
}

static void policy_and_intermediates(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_trust *first = trust_of(w.pki, "one", ""), *second = trust_of(w.pki, "one", "");
    char *pem = cg_pki_pem(w.pki, "inter");
    assert_true(cg_trust_add_intermediates(second, "inter", pem, strlen(pem), &err));
    free(pem);
    struct cg_snapshot before = {.policy = w.policy, .trust = first, .server_trust = first, .bridge_trust = first},
                       now = {.policy = w.policy,
                              .trust = second,
                              .server_trust = second,
                              .bridge_trust = second,
                              .policy_changes = "$.plain"};
    cg_snapshot_diff_report(w.reporter, &before, &now);
    assert_non_null(strstr(logged, ": policy: $.plain; intermediates: 1 (previously 0)\n"));
    cg_trust_free(first);
    cg_trust_free(second);
}

/* An event has no room for all CRLs of a CA with many partitions. */
static void at_most_eight_crls_are_listed(void **state)
{
    (void)state;
    struct cg_trust *trust = trust_of(w.pki, NINE, "one1 two2 three3 four4 five5 six6 seven7 eight8 nine9");
    struct cg_snapshot now = {.policy = w.policy, .trust = trust, .server_trust = trust, .bridge_trust = trust};
    cg_snapshot_diff_report(w.reporter, NULL, &now);
    assert_int_equal(count_of("CRL of CN="), 8);
    cg_trust_free(trust);
}

/* ---- credentials */

static void each_new_credential_once(void **state)
{
    (void)state;
    struct cg_trust *trust = trust_of(w.pki, "one", "");
    char chain[] = "chain.pem", other[] = "other.pem";
    struct cg_credential server = {.leaf = cg_pki_cert(w.pki, "server"), .file = chain},
                         renewed = {.leaf = cg_pki_cert(w.pki, "renewed"), .file = chain},
                         other_server = {.leaf = server.leaf, .file = other},
                         other_renewed = {.leaf = renewed.leaf, .file = other};
    struct cg_listener_policy listener = w.policy->base;
    listener.port = 8884;
    w.policy->listeners = &listener;
    w.policy->nlisteners = 1;
    const struct {
        const char *sentence;
        struct cg_credential *before[2], *now[2]; /* of the top level, and of the listener */
        size_t events;
        const char *words;
    } rows[] = {
        {"the listener inherits it", {&server, &server}, {&renewed, &renewed}, 1, "serial number 72 (previously 71)"},
        {"the listener has a file of its own",
         {&server, &other_server},
         {&renewed, &other_renewed},
         2,
         "serial number 72 (previously 71)"},
        {"written again", {&server, &other_server}, {&server, &other_server}, 0, ""},
        {"the first",
         {NULL, NULL},
         {&server, &other_server},
         2,
         "serial number 71 (previously the certfile in mosquitto.conf)"},
        {"none any more", {&server, &other_server}, {NULL, NULL}, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_credentials of_before[2], of_now[2];
        for (int k = 0; k < 2; k++) {
            of_before[k] = (struct cg_credentials){.item = {rows[i].before[k]}, .count = rows[i].before[k] != NULL};
            of_now[k] = (struct cg_credentials){.item = {rows[i].now[k]}, .count = rows[i].now[k] != NULL};
        }
        struct cg_snapshot before = {.policy = w.policy,
                                     .trust = trust,
                                     .server_trust = trust,
                                     .bridge_trust = trust,
                                     .credentials = of_before},
                           now = before;
        now.credentials = of_now;
        logged[0] = '\0';
        cg_snapshot_diff_report(w.reporter, &before, &now);
        if (count_of("serial number ") != rows[i].events || !strstr(logged, rows[i].words))
            fail_msg("%s: %s", rows[i].sentence, logged);
    }
    w.policy->listeners = NULL;
    w.policy->nlisteners = 0;
    cg_trust_free(trust);
}

/* Each of several is compared with the one of its file, else of its key type. */
static void several_credentials(void **state)
{
    (void)state;
    char a[] = "a.pem", b[] = "b.pem", c[] = "c.pem";
    struct cg_trust *trust = trust_of(w.pki, "one", "");
    cg_pki_make(w.pki,
                "rsa: server issuer=one key=rsa2048 serial=0x81\nrsa2: server issuer=one key=rsa2048 serial=0x82");
    struct cg_credential ec = {.leaf = cg_pki_cert(w.pki, "server"), .file = a},
                         ec2 = {.leaf = cg_pki_cert(w.pki, "renewed"), .file = a},
                         rsa = {.leaf = cg_pki_cert(w.pki, "rsa"), .file = b},
                         rsa2 = {.leaf = cg_pki_cert(w.pki, "rsa2"), .file = c};
    const struct {
        const char *sentence;
        struct cg_credential *before[2], *now[2];
        size_t events;
        const char *words;
    } rows[] = {
        {"one is renewed", {&ec, &rsa}, {&ec2, &rsa}, 1, "serial number 72 (previously 71)"},
        {"another file of the same type", {&ec, &rsa}, {&rsa2, &ec}, 1, "serial number 82 (previously 81)"},
        {"a further one", {&ec}, {&ec, &rsa}, 1, "serial number 81 (previously none with the key type RSA)"},
        {"one less", {&ec, &rsa}, {&rsa}, 0, ""},
        {"another type alone", {&ec}, {&rsa}, 1, "serial number 81 (previously 71)"},
        {"the order", {&ec, &rsa}, {&rsa, &ec}, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_credentials old = {.item = {rows[i].before[0], rows[i].before[1]},
                                     .count = rows[i].before[1] ? 2 : 1},
                              new = {.item = {rows[i].now[0], rows[i].now[1]}, .count = rows[i].now[1] ? 2 : 1};
        struct cg_snapshot before = {.policy = w.policy,
                                     .trust = trust,
                                     .server_trust = trust,
                                     .bridge_trust = trust,
                                     .credentials = &old},
                           now = before;
        now.credentials = &new;
        logged[0] = '\0';
        cg_snapshot_diff_report(w.reporter, &before, &now);
        if (count_of("serial number ") != rows[i].events || !strstr(logged, rows[i].words))
            fail_msg("%s: %s", rows[i].sentence, logged);
    }
    cg_trust_free(trust);
}

/* ---- pre-shared keys */

/* A cipher list without pre-shared keys is reported for each new section, and once if a listener inherits it. */
static void a_list_without_psk_is_reported_once(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        bool allowed[2]; /* the policy, and its listener */
        const char *ciphers[2];
        size_t warnings;
    } rows[] = {
        {"not allowed", {false, false}, {NO_PSK, NO_PSK}, 0},
        {"the list takes them", {true, true}, {PSK_LIST, PSK_LIST}, 0},
        {"both, by one list", {true, true}, {NO_PSK, NO_PSK}, 1},
        {"both, each by its own list", {true, true}, {NO_PSK, NO_PSK ":ECDHE-ECDSA-AES256-GCM-SHA384"}, 2},
        {"the listener alone, by the list of all", {false, true}, {NO_PSK, NO_PSK}, 1},
        {"the listener's list alone", {true, true}, {PSK_LIST, NO_PSK}, 1},
    };
    struct cg_trust *trust = trust_of(w.pki, "one", "");
    struct cg_listener_policy listener = w.policy->base;
    struct cg_policy other = *w.policy; /* the same, read again */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        listener.port = 8884;
        w.policy->base.tls.psk_allowed = rows[i].allowed[0];
        w.policy->base.tls.ciphers = rows[i].ciphers[0];
        listener.tls.psk_allowed = rows[i].allowed[1];
        listener.tls.ciphers = rows[i].ciphers[1];
        w.policy->listeners = &listener;
        w.policy->nlisteners = 1;
        struct cg_snapshot before = {.policy = &other, .trust = trust, .server_trust = trust, .bridge_trust = trust},
                           now = {.policy = w.policy, .trust = trust, .server_trust = trust, .bridge_trust = trust};
        for (int at_start = 0; at_start < 2; at_start++) {
            logged[0] = '\0';
            cg_snapshot_diff_report(w.reporter, at_start ? NULL : &before, &now);
            if (count_of("supports pre-shared keys") != rows[i].warnings)
                fail_msg("%s: %s", rows[i].sentence, logged);
        }
        logged[0] = '\0';
        cg_snapshot_diff_report(w.reporter, &now, &now); /* only other files changed */
        assert_int_equal(count_of("supports pre-shared keys"), 0);
    }
    w.policy->base.tls.ciphers = NULL;
    w.policy->listeners = NULL;
    w.policy->nlisteners = 0;
    cg_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trust_separately),
        cmocka_unit_test_setup_teardown(text_of_each_change, start, finish),
        cmocka_unit_test_setup_teardown(partitions_of_a_long_name, start, finish),
        cmocka_unit_test_setup_teardown(policy_and_intermediates, start, finish),
        cmocka_unit_test_setup_teardown(at_most_eight_crls_are_listed, start, finish),
        cmocka_unit_test_setup_teardown(each_new_credential_once, start, finish),
        cmocka_unit_test_setup_teardown(several_credentials, start, finish),
        cmocka_unit_test_setup_teardown(a_list_without_psk_is_reported_once, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
