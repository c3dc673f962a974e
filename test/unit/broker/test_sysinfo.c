/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When live sessions are counted: after changes, on request, and when time moves one to another class, but not while a broker
 * is idle. */
#include "broker/monitor/sysinfo.h"
#include "broker/session/session.h"

#include "core/policy/policy_load.h"
#include "tls/conn/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW     1700000000
#define DAY     86400
#define RENEWAL "$SYS/broker/certguard/renewal/"
#define CONNS   300 /* more than one slice counts */

static struct {
    struct cg_conn conn[CONNS];
    struct cg_session session[CONNS];
    struct cg_counters counters;
    struct cg_credentials credentials;
    struct cg_snapshot snapshot;
    struct cg_signature_cache *signatures;
    struct cg_sysinfo *sysinfo;
    struct cg_renewal_numbers renewal;
    char published[400]; /* topics of renewal, and their payloads */
} w;

static int64_t ticks_ms, slow_ms;           /* slow_ms: between two looks at the clock */
int64_t __wrap_cg_clock_monotonic_ms(void); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int64_t __wrap_cg_clock_monotonic_ms(void)  /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
{
    return ticks_ms += slow_ms;
}

static void publish(const char *client_id, const char *topic, const char *payload)
{
    assert_null(client_id);
    assert_true(topic && payload);
    const size_t len = strlen(w.published);
    if (strncmp(topic, RENEWAL, strlen(RENEWAL)) == 0)
        snprintf(w.published + len, sizeof w.published - len, "%s=%s ", topic + strlen(RENEWAL), payload);
}

static int start(void **unused)
{
    (void)unused;
    struct cg_error err = {""};
    memset(&w, 0, sizeof w);
    ticks_ms = slow_ms = 0;
    w.snapshot.policy = cg_policy_default("ca.pem", &err);
    w.snapshot.trust = w.snapshot.server_trust = w.snapshot.bridge_trust = cg_trust_new();
    w.snapshot.credentials = &w.credentials;
    w.snapshot.number = 1;
    w.signatures = cg_signature_cache_new(1024);
    w.sysinfo = cg_sysinfo_new(&w.counters, w.signatures, publish);
    for (int i = 0; i < CONNS; i++) {
        w.conn[i] = (struct cg_conn){.role = CG_ROLE_LISTENER,
                                     .state = CG_CONN_ESTABLISHED,
                                     .session = &w.session[i],
                                     .not_after = NOW + (int64_t)(i * 10 + 2) * DAY};
        cg_conn_list(&w.conn[i]);
    }
    return w.sysinfo ? 0 : -1;
}

static int finish(void **unused)
{
    (void)unused;
    while (cg_conn_first())
        cg_conn_unlist(cg_conn_first());
    cg_sysinfo_free(w.sysinfo);
    cg_signature_cache_free(w.signatures);
    cg_trust_free(w.snapshot.trust);
    cg_policy_free(w.snapshot.policy);
    return 0;
}

/* The next poll that may count. True if it did. */
static bool counts(uint64_t changes, int64_t now)
{
    uint64_t before = cg_sysinfo_counted(w.sysinfo);
    ticks_ms += 10000;
    assert_true(cg_sysinfo_poll(w.sysinfo, &w.snapshot, &w.renewal, changes, now) > 0);
    return cg_sysinfo_counted(w.sysinfo) > before;
}

static void only_changes_are_counted(void **unused)
{
    (void)unused;
    assert_true(counts(0, NOW));
    assert_int_equal(cg_sysinfo_population(w.sysinfo)->live, CONNS);
    assert_int_equal(cg_sysinfo_population(w.sysinfo)->expiring[0], 0);
    assert_false(counts(0, NOW + 10));
    cg_conn_unlist(&w.conn[2]);
    assert_true(counts(1, NOW + 20));
    assert_int_equal(cg_sysinfo_population(w.sysinfo)->live, CONNS - 1);
    assert_false(counts(1, NOW + 30));
}

static void time_moves_sessions_to_another_class(void **unused)
{
    (void)unused;
    assert_true(counts(0, NOW));
    assert_false(counts(0, NOW + DAY - 1));
    assert_true(counts(0, NOW + DAY)); /* the first one has one day left */
    assert_int_equal(cg_sysinfo_population(w.sysinfo)->expiring[0], 1);
    assert_false(counts(0, NOW + DAY + 10));
    assert_true(counts(0, NOW)); /* the clock was set back */
    assert_int_equal(cg_sysinfo_population(w.sysinfo)->expiring[0], 0);
}

static void the_clock_is_set_during_a_count(void **unused)
{
    (void)unused;
    slow_ms = 5;
    assert_false(counts(0, NOW));
    assert_true(counts(0, NOW + (int64_t)300 * DAY));
    slow_ms = 0;
    assert_true(cg_sysinfo_population(w.sysinfo)->expiring[0] > 0);
    assert_true(counts(0, NOW + 20)); /* and back */
    assert_int_equal(cg_sysinfo_population(w.sysinfo)->expiring[0], 0);
}

static void a_request_is_always_answered(void **unused)
{
    (void)unused;
    assert_true(counts(0, NOW));
    uint64_t number = cg_sysinfo_recount(w.sysinfo);
    assert_true(cg_sysinfo_counted(w.sysinfo) < number);
    (void)cg_sysinfo_poll(w.sysinfo, &w.snapshot, &w.renewal, 0, NOW);
    assert_int_equal(cg_sysinfo_counted(w.sysinfo), number);
}

/* What changed, and nothing while renewal is off. Topics that are there are removed then. */
static void renewal_has_topics_while_it_is_on(void **unused)
{
    (void)unused;
    counts(0, NOW);
    assert_string_equal(w.published, "");
    w.renewal = (struct cg_renewal_numbers){
        .requested = 5, .refused = 4, .delivered = 3, .confirmed = 2, .waiting = 1, .on = true};
    counts(0, NOW);
    assert_string_equal(w.published, "waiting=1 requested=5 refused=4 delivered=3 confirmed=2 ");
    w.published[0] = '\0';
    counts(0, NOW);
    assert_string_equal(w.published, "");
    w.renewal.waiting = 0;
    counts(0, NOW);
    assert_string_equal(w.published, "waiting=0 ");
    w.published[0] = '\0';
    w.renewal.on = false;
    counts(0, NOW);
    assert_string_equal(w.published, "waiting= requested= refused= delivered= confirmed= ");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(only_changes_are_counted),          CASE(time_moves_sessions_to_another_class),
        CASE(the_clock_is_set_during_a_count),   CASE(a_request_is_always_answered),
        CASE(renewal_has_topics_while_it_is_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
