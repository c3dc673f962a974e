/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Expiry warnings for clients, the broker's certificate, anchors, intermediates and CRLs: once at each time in warn_before. The
 * test moves the clock by days. */
#include "broker/monitor/expiry_monitor.h"

#include "broker/session/session.h"

#include "core/policy/policy_load.h"
#include "lib/pki_maker.h"
#include "tls/conn/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1767225600)
#define DAY INT64_C(86400)

static struct fixture {
    struct cg_pki *pki;
    struct cg_policy *policy;
    struct cg_reporter *reporter;
    struct cg_expiry_monitor *expiry_monitor;
    struct cg_snapshot snapshot;
    struct cg_conn client;
    struct cg_session session;
} w;

static int warnings_of[5]; /* per kind */
static char last[600], last_crl[600];
enum { CLIENT, BROKER, ANCHOR, INTERMEDIATE, CRL };

static void broker_log(enum cg_level level, const char *text)
{
    static const char *const words[] = {"certificate of this client", "broker's certificate", "trust anchor",
                                        "intermediate certificate", "CRL"};
    (void)level;
    snprintf(last, sizeof last, "%s", text);
    if (strstr(text, "CRL "))
        snprintf(last_crl, sizeof last_crl, "%s", text);
    for (int i = 0; i < 5; i++)
        warnings_of[i] += strstr(text, words[i]) != NULL;
}

static int start(void **unused)
{
    (void)unused;
    struct cg_error err = {""};
    memset(&w, 0, sizeof w);
    w.client.session = &w.session;
    memset(warnings_of, 0, sizeof warnings_of);
    w.pki = cg_pki_new(NOW);
    cg_pki_make(w.pki, "root: ca cn=root days=-1..90\ninter: ca issuer=root days=-1..60\n"
                       "server: server issuer=root days=-1..40\nclient: issuer=root days=-1..40\n"
                       "crl: crl issuer=root number=1 days=-1..79");
    w.policy = cg_policy_default("ca.pem", &err);
    w.reporter = cg_reporter_open(&w.policy->log, broker_log, &err);
    w.expiry_monitor = cg_expiry_monitor_new(w.reporter);
    char *root = cg_pki_pem(w.pki, "root"), *inter = cg_pki_pem(w.pki, "inter"), *crl = cg_pki_pem(w.pki, "crl");
    struct cg_trust *trust = cg_trust_new();
    assert_true(cg_trust_add_anchors(trust, "root", root, strlen(root), &err));
    assert_true(cg_trust_add_intermediates(trust, "inter", inter, strlen(inter), &err));
    assert_true(cg_trust_add_crls(trust, "crl", crl, strlen(crl), &err));
    free(root);
    free(inter);
    free(crl);
    w.snapshot.policy = w.policy;
    w.snapshot.trust = w.snapshot.server_trust = w.snapshot.bridge_trust = trust;
    w.client.role = CG_ROLE_LISTENER;
    w.client.state = CG_CONN_ESTABLISHED;
    w.client.peer_leaf = cg_pki_cert(w.pki, "client");
    w.client.not_after = NOW + 40 * DAY;
    return 0;
}

static int finish(void **unused)
{
    (void)unused;
    cg_expiry_monitor_free(w.expiry_monitor);
    cg_reporter_close(w.reporter);
    cg_trust_free(w.snapshot.trust);
    cg_policy_free(w.policy);
    cg_pki_free(w.pki);
    return 0;
}

static void clients_once_at_each_time(void **unused)
{
    (void)unused;
    static const struct {
        int day, warnings; /* of a certificate with 40 days */
    } rows[] = {{0, 0}, {9, 0}, {10, 1}, {11, 1}, {25, 1}, {26, 2}, {33, 3}, {34, 3}, {39, 4}, {40, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int again = 0; again < 3; again++) { /* it reconnects */
            cg_expiry_monitor_accepted(w.expiry_monitor, &w.client, w.policy, NOW + rows[i].day * DAY);
            assert_int_equal(warnings_of[CLIENT], rows[i].warnings);
        }
}

static void the_snapshot_is_checked(void **unused)
{
    (void)unused;
    struct cg_credential credential = {.leaf = cg_pki_cert(w.pki, "server")};
    struct cg_credentials credentials = {.item = {&credential}, .count = 1};
    w.snapshot.credentials = &credentials;
    cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW);
    assert_int_equal(warnings_of[BROKER] + warnings_of[ANCHOR] + warnings_of[INTERMEDIATE] + warnings_of[CRL], 0);
    for (int day = 1; day < 100; day++) { /* a day between two polls counts as a clock that was set */
        cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + day * DAY);
        cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + day * DAY);
    }
    assert_int_equal(warnings_of[BROKER], 5); /* at each time, and after expiry */
    assert_int_equal(warnings_of[ANCHOR], 5);
    assert_int_equal(warnings_of[INTERMEDIATE], 5);
    assert_int_equal(warnings_of[CRL], 4);           /* half, three quarters, seven eighths, end */
    cg_expiry_monitor_on_snapshot(w.expiry_monitor); /* the same files again */
    cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + 100 * DAY);
    assert_int_equal(warnings_of[BROKER] + warnings_of[ANCHOR] + warnings_of[INTERMEDIATE] + warnings_of[CRL], 19);
}

static void a_listeners_own_credential_is_checked(void **unused)
{
    char second[] = "second.pem";
    (void)unused;
    struct cg_credential credential = {.leaf = cg_pki_cert(w.pki, "server"), .file = second};
    struct cg_credentials credentials[2] = {{.count = 0}, {.item = {&credential}, .count = 1}};
    struct cg_listener_policy listener = w.policy->base;
    listener.port = 8884;
    w.policy->listeners = &listener;
    w.policy->nlisteners = 1;
    w.snapshot.credentials = credentials;
    cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + 30 * DAY);
    w.policy->listeners = NULL;
    w.policy->nlisteners = 0;
    assert_int_equal(warnings_of[BROKER], 1);
}

/* In the exact second: the next CRL is issued by nextUpdate (RFC 5280 5.1.2.5). */
static void a_crl_ends_at_next_update(void **unused)
{
    (void)unused;
    static const struct {
        int64_t at;
        int warnings;
    } rows[] = {{NOW + 79 * DAY - 1, 1}, {NOW + 79 * DAY, 2}, {NOW + 79 * DAY + 1, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cg_expiry_monitor_on_snapshot(w.expiry_monitor); /* check now */
        cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, rows[i].at);
        if (warnings_of[CRL] != rows[i].warnings)
            fail_msg("row %zu: %d warnings", i, warnings_of[CRL]);
    }
}

/* When the CRL ends, and when the policy stops using it. The CRL is valid from one day before NOW to 79 days after. */
static void texts_about_a_crl(void **unused)
{
    (void)unused;
    static const struct {
        int64_t grace, max_age, at;
        const char *words, *refused;
    } rows[] = {
        {0, 0, 78 * DAY, "expires in 24 hours, on 2026-03-21T", "is refused after 2026-03-21T00:00:00Z"},
        {0, 0, 79 * DAY - 1, "expires in 0 minutes, on 2026-03-21T", "is refused after 2026-03-21T00:00:00Z"},
        {0, 0, 79 * DAY, "expired on 2026-03-21T", "is refused after 2026-03-21T00:00:00Z"},
        {0, 0, 79 * DAY + 1, "expired on 2026-03-21T", "is refused since 2026-03-21T00:00:00Z"},
        {DAY, 0, 78 * DAY, "expires in 24 hours, on 2026-03-21T",
         "is refused after 2026-03-22T00:00:00Z (crl_grace of the policy)"},
        {DAY, 0, 80 * DAY, "expired on 2026-03-21T", "is refused after 2026-03-22T00:00:00Z (crl_grace"},
        {DAY, 0, 80 * DAY + 1, "expired on 2026-03-21T", "is refused since 2026-03-22T00:00:00Z (crl_grace"},
        {DAY, 60 * DAY, 45 * DAY, "expires in 34 days, on 2026-03-21T",
         "is refused after 2026-03-01T00:00:00Z (crl_max_age of the policy)"},
        {DAY, 60 * DAY, 60 * DAY, "expires in 19 days, on 2026-03-21T", "is refused since 2026-03-01T00:00:00Z ("},
        {0, 90 * DAY, 45 * DAY, "expires in 34 days, on 2026-03-21T", "is refused after 2026-03-21T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cg_expiry_monitor_free(w.expiry_monitor); /* it remembers its warnings */
        w.expiry_monitor = cg_expiry_monitor_new(w.reporter);
        w.policy->base.client.crl_grace = rows[i].grace;
        w.policy->base.client.crl_max_age = rows[i].max_age;
        last[0] = '\0';
        cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + rows[i].at);
        if (!strstr(last, rows[i].words) || !strstr(last, rows[i].refused))
            fail_msg("row %zu: '%s'", i, last);
    }
}

static void an_expired_delta_refuses_nobody(void **unused)
{
    (void)unused;
    struct cg_error err = {""};
    cg_pki_make(w.pki, "delta: crl issuer=root number=2 delta=1 days=-1..9");
    cg_trust_allow_extended_crls(w.snapshot.trust);
    char *delta = cg_pki_pem(w.pki, "delta");
    assert_true(cg_trust_add_crls(w.snapshot.trust, "delta", delta, strlen(delta), &err));
    free(delta);
    cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + 10 * DAY);
    assert_non_null(strstr(last_crl, "(delta) expired on 2026-01-10"));
    assert_non_null(strstr(last_crl, "its full CRL stays in use"));
    assert_null(strstr(last_crl, "refused"));
}

/* The next check takes place when the next known warning is due, not only every ten minutes. */
static void the_next_check_is_at_the_next_warning(void **unused)
{
    (void)unused;
    static const struct {
        int64_t at, ms;
    } rows[] = {
        {NOW, 600000},              /* no warning due soon */
        {NOW + 79 * DAY - 5, 5000}, /* the CRL ends */
        {NOW + 59 * DAY - 1, 1000}, /* a day left, of the intermediate certificate */
        {NOW + 60 * DAY, 1000},     /* its last second */
        {NOW + 39 * DAY - 3, 3000}, /* half of the CRL's 80 days has passed */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cg_expiry_monitor_on_snapshot(w.expiry_monitor);
        int64_t ms = cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, rows[i].at);
        if (ms != rows[i].ms)
            fail_msg("row %zu: %lld ms", i, (long long)ms);
    }
}

static void live_clients_are_checked(void **unused)
{
    (void)unused;
    cg_conn_list(&w.client);
    cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW);
    assert_int_equal(warnings_of[CLIENT], 0);
    w.client.state = CG_CONN_REJECTED;
    cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + 30 * DAY);
    assert_int_equal(warnings_of[CLIENT], 0);
    w.client.state = CG_CONN_ESTABLISHED;
    cg_expiry_monitor_on_snapshot(w.expiry_monitor);
    cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + 30 * DAY);
    assert_int_equal(warnings_of[CLIENT], 1);
    cg_conn_unlist(&w.client);
}

/* The unit fits the time left, and the client id is given. */
static void texts_of_the_time_left(void **unused)
{
    (void)unused;
    static const struct {
        int64_t left;
        enum cg_role role;
        const char *words;
    } rows[] = {
        {30 * DAY, CG_ROLE_LISTENER, "the certificate of this client expires in 30 days, on "},
        {30 * DAY, CG_ROLE_BRIDGE,
         "the certificate of the broker that this bridge connects to expires in 30 days, on "},
        {30 * DAY, CG_ROLE_BRIDGE, "Renew it on the remote broker"},
        {2 * DAY, CG_ROLE_LISTENER, "expires in 2 days, on "},
        {2 * DAY - 1, CG_ROLE_LISTENER, "expires in 47 hours, on "},
        {DAY, CG_ROLE_LISTENER, "expires in 24 hours, on "},
        {7200, CG_ROLE_LISTENER, "expires in 2 hours, on "},
        {7199, CG_ROLE_LISTENER, "expires in 119 minutes, on "},
        {0, CG_ROLE_LISTENER, "expires in 0 minutes, on "},
        {-1, CG_ROLE_LISTENER, "expired on "},
    };
    w.session.client_id = "sensor-7";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cg_expiry_monitor_free(w.expiry_monitor); /* it remembers its warnings */
        w.expiry_monitor = cg_expiry_monitor_new(w.reporter);
        w.client.role = rows[i].role;
        last[0] = '\0';
        cg_expiry_monitor_accepted(w.expiry_monitor, &w.client, w.policy, NOW + 40 * DAY - rows[i].left);
        if (!strstr(last, rows[i].words) || !strstr(last, "(client id sensor-7)"))
            fail_msg("expected '%s', found '%s'", rows[i].words, last);
    }
}

/* A separate trust for bridges or for the broker's own certificate: another anchor, and a CRL of the first anchor, issued again
 * with its old number. */
static void the_other_trusts_are_checked(void **unused)
{
    (void)unused;
    struct cg_trust **const stores[] = {&w.snapshot.bridge_trust, &w.snapshot.server_trust};
    static const char *const words[] = {"every bridge to a broker of this CA is refused",
                                        "the broker's own certificate is refused"};
    cg_pki_make(w.pki, "far: ca cn=far days=-1..60\nanew: crl issuer=root number=1 days=0..80");
    for (size_t i = 0; i < 2; i++) {
        struct cg_error err = {""};
        char *anchors = cg_pki_pem(w.pki, "far root"), *crl = cg_pki_pem(w.pki, "anew");
        struct cg_trust *other = cg_trust_new(), *before = *stores[i];
        assert_true(cg_trust_add_anchors(other, "far", anchors, strlen(anchors), &err));
        assert_true(cg_trust_add_crls(other, "anew", crl, strlen(crl), &err));
        free(anchors);
        free(crl);
        cg_expiry_monitor_free(w.expiry_monitor); /* it remembers its warnings */
        w.expiry_monitor = cg_expiry_monitor_new(w.reporter);
        w.client.session = &w.session;
        memset(warnings_of, 0, sizeof warnings_of);
        *stores[i] = other;
        cg_expiry_monitor_poll(w.expiry_monitor, &w.snapshot, NOW + 45 * DAY);
        assert_int_equal(warnings_of[ANCHOR], 1); /* of this trust: the other anchor has 45 days */
        assert_int_equal(warnings_of[CRL], 2);
        assert_non_null(strstr(last_crl, words[i]));
        *stores[i] = before;
        cg_trust_free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clients_once_at_each_time, start, finish),
        cmocka_unit_test_setup_teardown(the_snapshot_is_checked, start, finish),
        cmocka_unit_test_setup_teardown(a_listeners_own_credential_is_checked, start, finish),
        cmocka_unit_test_setup_teardown(a_crl_ends_at_next_update, start, finish),
        cmocka_unit_test_setup_teardown(texts_about_a_crl, start, finish),
        cmocka_unit_test_setup_teardown(an_expired_delta_refuses_nobody, start, finish),
        cmocka_unit_test_setup_teardown(the_next_check_is_at_the_next_warning, start, finish),
        cmocka_unit_test_setup_teardown(texts_of_the_time_left, start, finish),
        cmocka_unit_test_setup_teardown(the_other_trusts_are_checked, start, finish),
        cmocka_unit_test_setup_teardown(live_clients_are_checked, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
