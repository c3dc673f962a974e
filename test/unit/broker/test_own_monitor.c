/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reports about the broker's own certificates: each rejection once, by listener, and its end; and the time of the next check. The
 * results of the scans are made up here; unit_tls_own_certificate tests real ones. */
#include "broker/monitor/own_monitor.h"

#include "core/own_certificate.h"
#include "lib/pki_maker.h"
#include "tls/credential/own_certificate.h"
#include "tls/credential/own_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW      INT64_C(1767225600)
#define SCANS    3
#define STATES   8
#define START_MS 1000000

static struct cg_pki *pki;
static struct cg_own_monitor *watch;

static struct {
    struct cg_own_state state[STATES];
    size_t count;
    bool no_memory;
    int64_t takes_ms;
    int scans;
} fake;

static int64_t clock_ms;
static char reported[400], last_detail[600], last_fix[400];

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int64_t __wrap_cg_clock_monotonic_ms(void);
bool __wrap_cg_own_scan(const struct cg_snapshot *snapshot, cg_own_report *seen, void *argument);
bool __wrap_cg_own_is_unusable(const struct cg_snapshot *snapshot, struct cg_own_state *out);
void __wrap_cg_reporter_write(struct cg_reporter *reporter, const struct cg_event *event);

int64_t __wrap_cg_clock_monotonic_ms(void)
{
    return clock_ms;
}

bool __wrap_cg_own_scan(const struct cg_snapshot *snapshot, cg_own_report *seen, void *argument)
{
    (void)snapshot;
    fake.scans++;
    clock_ms += fake.takes_ms;
    for (size_t i = 0; i < fake.count; i++)
        seen(argument, &fake.state[i]);
    return !fake.no_memory;
}

/* The first state of the scan, if it is rejected. */
bool __wrap_cg_own_is_unusable(const struct cg_snapshot *snapshot, struct cg_own_state *out)
{
    (void)snapshot;
    *out = fake.state[0];
    return out->reason != CG_REASON_OK;
}

static const char *name_of(const X509 *certificate)
{
    static const char *const names[] = {"A", "B", "C"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (certificate && X509_cmp(certificate, cg_pki_cert(pki, names[i])) == 0)
            return names[i];
    return "";
}

/* "-A1 " is a rejection of A on port 1, "-A* " on all listeners, "-A0 " on those not named; "+A1 " is its end. */
void __wrap_cg_reporter_write(struct cg_reporter *reporter, const struct cg_event *event)
{
    (void)reporter;
    bool refused = event->type == CG_EVENT_BROKER_CERTIFICATE_REJECTED;
    bool by_all = refused && strstr(event->detail, "refused on all listeners that serve it");
    bool ends = refused && strstr(event->detail, "the broker exits");
    char where[16];
    snprintf(where, sizeof where, "on port %u", (unsigned)event->listener);
    if (refused && event->certificate && !by_all && !ends &&
        !strstr(event->detail, event->listener ? where : "refused on the listeners that the policy does not name"))
        fail_msg("port %u: %s", (unsigned)event->listener, event->detail);
    if (refused && strcmp(event->fix, cg_reason_fix(event->reason, CG_OF_BROKER)) != 0)
        fail_msg("%s: the fix is another one's: %s", event->detail, event->fix);
    snprintf(where, sizeof where, "%u", (unsigned)event->listener);
    snprintf(reported + strlen(reported), sizeof reported - strlen(reported), "%s%s%s%s%s ", refused ? "-" : "+",
             name_of(event->certificate), by_all ? "*" : where, event->file ? ":" : "", event->file ? event->file : "");
    snprintf(last_detail, sizeof last_detail, "%s", event->detail);
    snprintf(last_fix, sizeof last_fix, "%s", event->fix ? event->fix : "");
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static int start(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    clock_ms = START_MS;
    reported[0] = '\0';
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "A: server\nB: server\nC: server\n");
    watch = cg_own_monitor_new(NULL);
    assert_non_null(watch);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    cg_own_monitor_free(watch);
    cg_pki_free(pki);
    return 0;
}

/* "aA1 bB0!": SSL_CTX a serves A on port 1, and SSL_CTX b of a listener that is not named rejects B as expired; "?" is revoked.
 * "aA0u" has no port yet, "aA1x" is A in the policy's file x, "lA1L" is the certificate of the listener on port 1. */
static void set_scan(const char *words)
{
    fake.count = 0;
    for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ') {
        const char name[] = {at[1], '\0'};
        struct cg_own_state *one = &fake.state[fake.count++];
        *one = (struct cg_own_state){.kind = at[3] == 'x'   ? CG_OWN_CREDENTIAL
                                             : at[3] == 'L' ? CG_OWN_LISTENER
                                                            : CG_OWN_CONTEXT,
                                     .id = (uint64_t)at[0],
                                     .port = (uint16_t)(at[2] - '0'),
                                     .port_known = at[3] != 'u' && at[3] != 'L',
                                     .certificate = cg_pki_cert(pki, name),
                                     .digest = {(unsigned char)at[1]},
                                     .file = at[3] == 'x' ? "x" : NULL,
                                     .reason = CG_REASON_OK,
                                     .until = INT64_MAX,
                                     .detail = "words"};
        size_t len = strcspn(at, " ");
        if (at[len - 1] == '!')
            one->reason = CG_REASON_EXPIRED;
        else if (at[len - 1] == '?')
            one->reason = CG_REASON_REVOKED;
    }
}

static int64_t poll_after(int64_t ms)
{
    clock_ms += ms;
    return cg_own_monitor_poll(watch, NULL, NOW + (clock_ms - START_MS) / 1000);
}

static const struct {
    const char *sentence, *scans[SCANS], *reported[SCANS];
} rows[] = {
    {"a certificate that is served is not reported", {"aA1 bA2", "aA1 bB2", "aB1"}, {"", "", ""}},
    {"rejected by all listeners: one report, and one at its end",
     {"aA1! bA2!", "aA1! bA2!", "aA1 bA2"},
     {"-A* ", "", "+A0 "}},
    {"rejected by listeners that are not named", {"aA0!", "aA0!", "aA0"}, {"-A* ", "", "+A0 "}},
    {"rejected by listeners not named, served by a named one",
     {"aA0! bA1", "aA0! bA1", "aA0 bA1"},
     {"-A0 ", "", "+A0 "}},
    {"a named one rejects it later", {"aA0! bA2", "aA0! bA2!", "aA0! bA2!"}, {"-A0 ", "-A2 ", ""}},
    {"rejected by one listener, served by another", {"aA1 bA2!", "aA1 bA2!", "aA1 bA2"}, {"-A2 ", "", "+A2 "}},
    {"rejected by two listeners for different reasons",
     {"aA1! bA2?", "aA1! bA2?", "aA1 bA2?"},
     {"-A1 -A2 ", "", "+A1 "}},
    {"another reason", {"aA1!", "aA1?", "aA1?"}, {"-A1 ", "-A1 ", ""}},
    {"rejected by all listeners, accepted one by one", {"aA1! bA2!", "aA1! bA2", "aA1 bA2"}, {"-A* ", "+A2 ", "+A1 "}},
    {"two on one port, one after the other", {"aA1! bB1!", "aC1 bB1!", "aC1 bC1"}, {"-A1 -B1 ", "+C1 ", "+C1 "}},
    {"a new one that is rejected too", {"aA1!", "aB1!", "aC1"}, {"-A1 ", "-B1 ", "+C1 "}},
    {"an SSL_CTX gets a certificate that another one rejects",
     {"aA0! bC0", "aA0! bA0!", "aA0! bC0"},
     {"-A* ", "-A0 ", "+C0 "}},
    {"an SSL_CTX gets a certificate that another one serves", {"aA0! bC0", "aC0 bC0", "aC0 bC0"}, {"-A* ", "+C0 ", ""}},
    {"a new one in another SSL_CTX is no fix", {"aA0! bB2", "aC0! bA2", "aC0! bA2"}, {"-A* ", "-C* ", ""}},
    {"a listener that is closed", {"aA1! bB2", "bB2", "bB2"}, {"-A1 ", "", ""}},
    {"a file of the policy does not replace certfile", {"aA0! bB1x", "bB1x", "bB1x"}, {"-A* ", "", ""}},
    {"the same one as certfile and in a file",
     {"aA1x! bA2!", "aA1x bA2!", "aA1x bA2"},
     {"-A1:x -A2 ", "+A1:x ", "+A2 "}},
    {"a port that becomes known is not reported", {"aA0u!", "aA2!", "aA2"}, {"-A* ", "", "+A2 "}},
    {"but a rejection by it is", {"aA0u", "aA2!", "aA2!"}, {"", "-A2 ", ""}},
    {"a listener that rejects every candidate", {"aA0u bA0u lA2L!", "aA0u bA2!", "aA0u bA2"}, {"-A2 ", "", "+A2 "}},
    {"a listener that has a valid one", {"aA0u bB0u lB2L!", "aA2 bB0u", "aA2 bB0u"}, {"-B2 ", "+A2 ", ""}},
    {"listeners that are not named", {"aA0u bA0u lA0L!", "aA0! bA1", "aA0 bA1"}, {"-A0 ", "", "+A0 "}},
};

static void reports(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int k = 0; k < SCANS; k++) {
            reported[0] = '\0';
            set_scan(rows[i].scans[k]);
            cg_own_monitor_changed(watch);
            poll_after(1);
            if (strcmp(reported, rows[i].reported[k]) != 0)
                fail_msg("%s, scan %d: expected '%s', found '%s'", rows[i].sentence, k + 1, rows[i].reported[k],
                         reported);
        }
        finish(state);
        start(state);
    }
}

static const struct {
    const char *sentence, *scan;
    int64_t until, takes_ms, ms; /* until: from now, of the certificate that is served */
} waits[] = {
    {"no certificate", "", 0, 0, 30000},
    {"served, without an end", "aA1", INT64_MAX - NOW - 1, 0, 30000},
    {"rejected", "aA1!", 0, 0, 1000},
    {"it ends in five seconds", "aA1", 4, 0, 5000},
    {"its last second", "aA1", 0, 0, 1000},
    {"an end in the past", "aA1", -1, 0, 30000},
    {"an end after the next check", "aA1", 30, 0, 30000},
    {"a slow check is not repeated at once", "aA1!", 0, 200, 4000},
};

static void time_of_the_next_check(void **state)
{
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        set_scan(waits[i].scan);
        fake.takes_ms = waits[i].takes_ms;
        for (size_t k = 0; k < fake.count; k++)
            fake.state[k].until = NOW + waits[i].until;
        int64_t ms = poll_after(0);
        if (ms != waits[i].ms)
            fail_msg("%s: %lld ms", waits[i].sentence, (long long)ms);
        assert_int_equal(poll_after(ms - 1), 1);
        assert_int_equal(fake.scans, 1);
        poll_after(1);
        assert_int_equal(fake.scans, 2);
        finish(state);
        start(state);
    }
}

static void a_clock_that_is_set_causes_a_check(void **state)
{
    (void)state;
    set_scan("aA1");
    poll_after(0);
    cg_own_monitor_poll(watch, NULL, NOW + 59);
    cg_own_monitor_poll(watch, NULL, NOW - 59);
    assert_int_equal(fake.scans, 1);
    cg_own_monitor_poll(watch, NULL, NOW + 60);
    assert_int_equal(fake.scans, 2);
    cg_own_monitor_poll(watch, NULL, NOW);
    assert_int_equal(fake.scans, 3);
    cg_own_monitor_changed(watch);
    cg_own_monitor_poll(watch, NULL, NOW);
    assert_int_equal(fake.scans, 4);
}

/* One event reports it: no check repeats it while the broker ends. */
static void a_broker_that_ends_checks_no_more(void **state)
{
    (void)state;
    set_scan("aA1");
    assert_true(cg_own_monitor_start(watch, NULL));
    assert_string_equal(reported, "");
    set_scan("aA1? bB1!");
    assert_false(cg_own_monitor_start(watch, NULL));
    assert_string_equal(reported, "-A0 ");
    assert_string_equal(last_detail, "no listener accepts the certfile: words; the broker exits");
    assert_int_equal(poll_after(0), 30000);
    assert_int_equal(fake.scans, 0);
    assert_string_equal(reported, "-A0 ");
}

/* Earlier reports are not repeated. */
static void a_check_without_memory_reports_nothing(void **state)
{
    (void)state;
    set_scan("aA1!");
    poll_after(0);
    assert_string_equal(reported, "-A1 ");
    fake.count = 0;
    fake.no_memory = true;
    assert_int_equal(poll_after(1000), 1000);
    set_scan("aA1");
    fake.no_memory = false;
    poll_after(1000);
    assert_string_equal(reported, "-A1 +A1 ");
}

/* A credential that was loaded despite a time fault is used after the first check that accepts it. */
static void an_accepted_credential_is_released(void **state)
{
    (void)state;
    struct cg_credential credential = {.leaf = cg_pki_cert(pki, "A")};
    cg_credential_hold(&credential);
    set_scan("aA1x!");
    fake.state[0].credential = &credential;
    poll_after(0);
    assert_true(cg_credential_is_held(&credential));
    fake.state[0].reason = CG_REASON_OK;
    poll_after(1000);
    assert_false(cg_credential_is_held(&credential));
    assert_string_equal(reported, "-A1:x +A1:x ");
}

/* Clients that support another key type still connect. */
static void one_of_several(void **state)
{
    (void)state;
    set_scan("aA1x!");
    fake.state[0].has_others = true;
    poll_after(0);
    assert_non_null(strstr(last_detail, "; TLS handshakes that need it are refused on port 1"));
    fake.state[0].reason = CG_REASON_OK;
    poll_after(1000);
    assert_string_equal(last_detail, "it is served");
    assert_string_equal(reported, "-A1:x +A1:x ");
}

/* The fix has its own field. */
static void a_fix_is_given_once(void **state)
{
    (void)state;
    struct cg_error err;
    const char *fix = cg_reason_fix(CG_REASON_EXPIRED, CG_OF_BROKER);
    snprintf(err.text, sizeof err.text, "x.pem: expired: since May; %s", fix);
    cg_own_report_rejected(NULL, CG_REASON_EXPIRED, &err);
    assert_string_equal(last_detail, "x.pem: expired: since May");
    assert_string_equal(last_fix, fix);
    snprintf(err.text, sizeof err.text, "x.pem: no such file");
    cg_own_report_rejected(NULL, CG_REASON_CREDENTIAL_INVALID, &err);
    assert_string_equal(last_detail, "x.pem: no such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reports, start, finish),
        cmocka_unit_test_setup_teardown(time_of_the_next_check, start, finish),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_causes_a_check, start, finish),
        cmocka_unit_test_setup_teardown(a_broker_that_ends_checks_no_more, start, finish),
        cmocka_unit_test_setup_teardown(a_check_without_memory_reports_nothing, start, finish),
        cmocka_unit_test_setup_teardown(an_accepted_credential_is_released, start, finish),
        cmocka_unit_test_setup_teardown(one_of_several, start, finish),
        cmocka_unit_test_setup_teardown(a_fix_is_given_once, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
