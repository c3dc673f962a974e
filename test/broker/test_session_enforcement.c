/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Sessions end with their certificates by the wall clock, however it jumps, in slices, or are reported where the policy
 * says so. */
#include "live.h"

#include "core/policy_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define CONNS 40

static struct world {
    struct cg_snapshot snapshot;
    struct cg_reporter *reporter;
    struct cg_live *live;
    struct cg_conn conn[CONNS];
    int told;
} w;

/* what became of them */
static int ended[CONNS], nended;
static long end_takes_ms;

static void end(struct cg_conn *conn, bool send_will)
{
    const struct timespec time = {.tv_nsec = end_takes_ms * 1000000L};
    assert_true(send_will);
    ended[conn - w.conn]++;
    nended++;
    nanosleep(&time, NULL);
}

static void broker_log(enum cg_level level, const char *text)
{
    (void)level;
    w.told += strstr(text, "expired") != NULL;
}

static int start(void **unused)
{
    (void)unused;
    struct cg_error err = {""};
    memset(&w, 0, sizeof w);
    memset(ended, 0, sizeof ended);
    nended = 0;
    end_takes_ms = 0;
    w.snapshot.policy = cg_policy_default("ca.pem", &err);
    w.reporter = cg_reporter_open(&w.snapshot.policy->log, NULL, broker_log, &err);
    w.live = cg_live_new(w.reporter, end);
    for (int i = 0; i < CONNS; i++) {
        w.conn[i].role = CG_ROLE_LISTENER;
        w.conn[i].state = CG_CONN_ESTABLISHED;
        w.conn[i].next = i + 1 < CONNS ? &w.conn[i + 1] : NULL;
        w.conn[i].snapshot = &w.snapshot;
    }
    return w.live ? 0 : -1;
}

static int finish(void **unused)
{
    (void)unused;
    cg_live_free(w.live);
    cg_reporter_close(w.reporter);
    cg_policy_free(w.snapshot.policy);
    return 0;
}

static void expires(int first, int behind, int64_t not_after)
{
    for (int i = first; i < behind; i++) {
        w.conn[i].not_after = not_after;
        cg_live_accepted(w.live, &w.conn[i], &w.snapshot);
    }
}

static int64_t pulse(int64_t now)
{
    return cg_live_pulse(w.live, w.conn, &w.snapshot, now);
}

static void each_session_ends_with_its_certificate(void **unused)
{
    (void)unused;
    assert_int_equal(pulse(50), -1); /* nothing expires */
    expires(0, 1, 100);
    expires(1, 2, 200);
    assert_int_equal(pulse(50), 51 * 1000);
    pulse(100); /* RFC 5280 4.1.2.5: good until notAfter, inclusive */
    assert_int_equal(nended, 0);
    pulse(101);
    assert_int_equal(ended[0], 1);
    pulse(150);
    assert_int_equal(nended, 1);
    assert_int_equal(pulse(201), -1);
    assert_int_equal(ended[1], 1);
    pulse(INT32_MAX); /* the others have no certificate */
    assert_int_equal(nended, 2);
}

static void a_clock_that_jumps_ends_what_is_over_and_nothing_else(void **unused)
{
    (void)unused;
    expires(0, 1, 1000000);
    expires(1, 2, 2000000);
    pulse(900000);
    pulse(10); /* set back by far */
    assert_int_equal(nended, 0);
    pulse(1500000); /* and forth */
    assert_int_equal(ended[0], 1);
    assert_int_equal(nended, 1);
    pulse(900000);
    pulse(2000001);
    assert_int_equal(ended[0], 1);
    assert_int_equal(ended[1], 1);
}

static void many_end_in_slices_without_a_pause_between(void **unused)
{
    (void)unused;
    expires(0, CONNS, 100);
    end_takes_ms = 2;
    int64_t next = pulse(101 + 3600);
    assert_in_range(nended, 1, CONNS - 1);
    assert_int_equal(next, 1);
    for (int i = 0; i < CONNS && nended < CONNS; i++)
        next = pulse(101 + 3600);
    assert_int_equal(nended, CONNS);
    for (int i = 0; i < CONNS; i++)
        assert_int_equal(ended[i], 1);
    assert_int_equal(next, -1);
}

static void where_the_policy_reports_nobody_is_cut_off(void **unused)
{
    (void)unused;
    w.snapshot.policy->base.sessions = CG_SESSION_REPORT;
    expires(0, 3, 100);
    pulse(101);
    pulse(102);
    assert_int_equal(nended, 0);
    assert_int_equal(w.told, 3);
    w.snapshot.policy->base.sessions = CG_SESSION_END; /* that session was told of already */
    pulse(103);
    assert_int_equal(nended, 0);
    assert_int_equal(w.told, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_session_ends_with_its_certificate, start, finish),
        cmocka_unit_test_setup_teardown(a_clock_that_jumps_ends_what_is_over_and_nothing_else, start, finish),
        cmocka_unit_test_setup_teardown(many_end_in_slices_without_a_pause_between, start, finish),
        cmocka_unit_test_setup_teardown(where_the_policy_reports_nobody_is_cut_off, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
