/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is told of the broker's own certificates from one look to the next: each refusal once, by the listeners that it is of, and
 * its end; and when the next look is. The looks are made up here; what a real one sees is unit_tls_own_certificate. */
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
#define LOOKS    3
#define STATES   8
#define START_MS 1000000

static struct cg_pki *pki;
static struct cg_own_monitor *watch;

static struct {
    struct cg_own_state state[STATES];
    size_t count;
    bool no_memory;
    int64_t takes_ms;
    int looks;
} sight;

static int64_t clock_ms;
static char told[400], last_detail[600], last_fix[400];

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int64_t __wrap_cg_clock_monotonic_ms(void);
bool __wrap_cg_own_scan(const struct cg_snapshot *snapshot, cg_own_seen *seen, void *argument);
bool __wrap_cg_own_is_hopeless(const struct cg_snapshot *snapshot, struct cg_own_state *out);
void __wrap_cg_reporter_write(struct cg_reporter *reporter, const struct cg_event *event);

int64_t __wrap_cg_clock_monotonic_ms(void)
{
    return clock_ms;
}

bool __wrap_cg_own_scan(const struct cg_snapshot *snapshot, cg_own_seen *seen, void *argument)
{
    (void)snapshot;
    sight.looks++;
    clock_ms += sight.takes_ms;
    for (size_t i = 0; i < sight.count; i++)
        seen(argument, &sight.state[i]);
    return !sight.no_memory;
}

/* The first of the look, where it is refused. */
bool __wrap_cg_own_is_hopeless(const struct cg_snapshot *snapshot, struct cg_own_state *out)
{
    (void)snapshot;
    *out = sight.state[0];
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

/* "-A1 " is a refusal of A on port 1, "-A* " by all, "-A0 " by those that are not named; "+A1 " is its end. */
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
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s%s%s%s%s ", refused ? "-" : "+",
             name_of(event->certificate), by_all ? "*" : where, event->file ? ":" : "", event->file ? event->file : "");
    snprintf(last_detail, sizeof last_detail, "%s", event->detail);
    snprintf(last_fix, sizeof last_fix, "%s", event->fix ? event->fix : "");
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static int start(void **state)
{
    (void)state;
    memset(&sight, 0, sizeof sight);
    clock_ms = START_MS;
    told[0] = '\0';
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

/* "aA1 bB0!": the SSL_CTX a serves A on port 1, and the SSL_CTX b of a listener that is not named refuses B as expired; "?" is
 * revoked. "aA0u" has no port yet, "aA1x" is A of the policy's file x, "lA1L" is what the listener of port 1 has if anything. */
static void look_is(const char *words)
{
    sight.count = 0;
    for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ') {
        const char name[] = {at[1], '\0'};
        struct cg_own_state *one = &sight.state[sight.count++];
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
    const char *sentence, *looks[LOOKS], *told[LOOKS];
} rows[] = {
    {"what serves is not told", {"aA1 bA2", "aA1 bB2", "aB1"}, {"", "", ""}},
    {"one that all refuse alike is told once, and its end",
     {"aA1! bA2!", "aA1! bA2!", "aA1 bA2"},
     {"-A* ", "", "+A0 "}},
    {"one of listeners that are not named", {"aA0!", "aA0!", "aA0"}, {"-A* ", "", "+A0 "}},
    {"they refuse what a named one serves", {"aA0! bA1", "aA0! bA1", "aA0 bA1"}, {"-A0 ", "", "+A0 "}},
    {"a named one refuses later what they refuse", {"aA0! bA2", "aA0! bA2!", "aA0! bA2!"}, {"-A0 ", "-A2 ", ""}},
    {"a listener refuses what another one serves", {"aA1 bA2!", "aA1 bA2!", "aA1 bA2"}, {"-A2 ", "", "+A2 "}},
    {"two refuse it for reasons of their own", {"aA1! bA2?", "aA1! bA2?", "aA1 bA2?"}, {"-A1 -A2 ", "", "+A1 "}},
    {"another reason", {"aA1!", "aA1?", "aA1?"}, {"-A1 ", "-A1 ", ""}},
    {"told of all, each is told when it is served", {"aA1! bA2!", "aA1! bA2", "aA1 bA2"}, {"-A* ", "+A2 ", "+A1 "}},
    {"two on one port, one after the other", {"aA1! bB1!", "aC1 bB1!", "aC1 bC1"}, {"-A1 -B1 ", "+C1 ", "+C1 "}},
    {"a new one that is refused too", {"aA1!", "aB1!", "aC1"}, {"-A1 ", "-B1 ", "+C1 "}},
    {"one that served gets what another is refused with",
     {"aA0! bC0", "aA0! bA0!", "aA0! bC0"},
     {"-A* ", "-A0 ", "+C0 "}},
    {"one that was refused gets what another serves", {"aA0! bC0", "aC0 bC0", "aC0 bC0"}, {"-A* ", "+C0 ", ""}},
    {"a new one elsewhere is no fix", {"aA0! bB2", "aC0! bA2", "aC0! bA2"}, {"-A* ", "-C* ", ""}},
    {"a listener that is closed", {"aA1! bB2", "bB2", "bB2"}, {"-A1 ", "", ""}},
    {"a file of the policy is not in the place of certfile", {"aA0! bB1x", "bB1x", "bB1x"}, {"-A* ", "", ""}},
    {"the same one as certfile and in a file",
     {"aA1x! bA2!", "aA1x bA2!", "aA1x bA2"},
     {"-A1:x -A2 ", "+A1:x ", "+A2 "}},
    {"a port that becomes known is no news", {"aA0u!", "aA2!", "aA2"}, {"-A* ", "", "+A2 "}},
    {"but what it then refuses is", {"aA0u", "aA2!", "aA2!"}, {"", "-A2 ", ""}},
    {"a listener that refuses whatever it has", {"aA0u bA0u lA2L!", "aA0u bA2!", "aA0u bA2"}, {"-A2 ", "", "+A2 "}},
    {"and it has a good one", {"aA0u bB0u lB2L!", "aA2 bB0u", "aA2 bB0u"}, {"-B2 ", "+A2 ", ""}},
    {"those that are not named", {"aA0u bA0u lA0L!", "aA0! bA1", "aA0 bA1"}, {"-A0 ", "", "+A0 "}},
};

static void what_is_told(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int k = 0; k < LOOKS; k++) {
            told[0] = '\0';
            look_is(rows[i].looks[k]);
            cg_own_monitor_changed(watch);
            poll_after(1);
            if (strcmp(told, rows[i].told[k]) != 0)
                fail_msg("%s, look %d: expected '%s', found '%s'", rows[i].sentence, k + 1, rows[i].told[k], told);
        }
        finish(state);
        start(state);
    }
}

static const struct {
    const char *sentence, *look;
    int64_t until, takes_ms, ms; /* until: from now; of what is served */
} waits[] = {
    {"nothing of one's own", "", 0, 0, 30000},
    {"served, without an end", "aA1", INT64_MAX - NOW - 1, 0, 30000},
    {"refused", "aA1!", 0, 0, 1000},
    {"it ends in five seconds", "aA1", 4, 0, 5000},
    {"its last second", "aA1", 0, 0, 1000},
    {"an end that is over says nothing", "aA1", -1, 0, 30000},
    {"an end after the next look", "aA1", 30, 0, 30000},
    {"a look that takes its time is not made again at once", "aA1!", 0, 200, 4000},
};

static void when_the_next_look_is(void **state)
{
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        look_is(waits[i].look);
        sight.takes_ms = waits[i].takes_ms;
        for (size_t k = 0; k < sight.count; k++)
            sight.state[k].until = NOW + waits[i].until;
        int64_t ms = poll_after(0);
        if (ms != waits[i].ms)
            fail_msg("%s: %lld ms", waits[i].sentence, (long long)ms);
        assert_int_equal(poll_after(ms - 1), 1);
        assert_int_equal(sight.looks, 1);
        poll_after(1);
        assert_int_equal(sight.looks, 2);
        finish(state);
        start(state);
    }
}

static void a_clock_that_is_set_is_looked_at(void **state)
{
    (void)state;
    look_is("aA1");
    poll_after(0);
    cg_own_monitor_poll(watch, NULL, NOW + 59);
    cg_own_monitor_poll(watch, NULL, NOW - 59);
    assert_int_equal(sight.looks, 1);
    cg_own_monitor_poll(watch, NULL, NOW + 60);
    assert_int_equal(sight.looks, 2);
    cg_own_monitor_poll(watch, NULL, NOW);
    assert_int_equal(sight.looks, 3);
    cg_own_monitor_changed(watch);
    cg_own_monitor_poll(watch, NULL, NOW);
    assert_int_equal(sight.looks, 4);
}

/* One event says it: while the broker ends, no look says it again. */
static void a_broker_that_ends_looks_no_more(void **state)
{
    (void)state;
    look_is("aA1");
    assert_true(cg_own_monitor_start(watch, NULL));
    assert_string_equal(told, "");
    look_is("aA1? bB1!");
    assert_false(cg_own_monitor_start(watch, NULL));
    assert_string_equal(told, "-A0 ");
    assert_string_equal(last_detail, "no listener accepts the certfile: words; the broker exits");
    assert_int_equal(poll_after(0), 30000);
    assert_int_equal(sight.looks, 0);
    assert_string_equal(told, "-A0 ");
}

/* What was told before stays told. */
static void a_look_without_memory_says_nothing(void **state)
{
    (void)state;
    look_is("aA1!");
    poll_after(0);
    assert_string_equal(told, "-A1 ");
    sight.count = 0;
    sight.no_memory = true;
    assert_int_equal(poll_after(1000), 1000);
    look_is("aA1");
    sight.no_memory = false;
    poll_after(1000);
    assert_string_equal(told, "-A1 +A1 ");
}

/* The policy's credential, loaded although its time was not there: from the first look that accepts it, it is in use. */
static void what_is_accepted_is_held_no_longer(void **state)
{
    (void)state;
    struct cg_credential credential = {.leaf = cg_pki_cert(pki, "A")};
    cg_credential_hold(&credential);
    look_is("aA1x!");
    sight.state[0].credential = &credential;
    poll_after(0);
    assert_true(cg_credential_is_held(&credential));
    sight.state[0].reason = CG_REASON_OK;
    poll_after(1000);
    assert_false(cg_credential_is_held(&credential));
    assert_string_equal(told, "-A1:x +A1:x ");
}

/* The fix has a field of its own. */
static void a_fix_is_said_once(void **state)
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
        cmocka_unit_test_setup_teardown(what_is_told, start, finish),
        cmocka_unit_test_setup_teardown(when_the_next_look_is, start, finish),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_is_looked_at, start, finish),
        cmocka_unit_test_setup_teardown(a_broker_that_ends_looks_no_more, start, finish),
        cmocka_unit_test_setup_teardown(a_look_without_memory_says_nothing, start, finish),
        cmocka_unit_test_setup_teardown(what_is_accepted_is_held_no_longer, start, finish),
        cmocka_unit_test_setup_teardown(a_fix_is_said_once, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
