/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Events that peers can cause are limited and other events are not, each audited device is named, and every suppressed event is
 * counted. The test sets the time. */
#include "broker/event/budget.h"
#include "broker/event/devices.h"
#include "broker/event/event_limits.h"
#include "broker/event/reporter.h"
#include "lib/pki_maker.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW  1750000000
#define HOUR ((int64_t)3600000)
#define DAY  (24 * HOUR)
#define LINE 1200 /* bytes of a typical line */
#define MIB  ((int64_t)1 << 20)

static const struct cg_log_policy policy = {.burst = 5, .window_ms = 60000, .daily_limit = 4 * MIB};

struct fixture {
    struct cg_limits *limits;
    uint64_t sent, written, reported, reported_audited, lines;
    size_t bytes;
    char detail[128];
};

static size_t report(void *context, const struct cg_event *event)
{
    struct fixture *fixture = context;
    assert_int_equal(event->type, CG_EVENT_SUPPRESSED);
    fixture->reported += event->count;
    fixture->reported_audited += event->audited ? event->count : 0;
    fixture->lines++;
    fixture->bytes += LINE;
    snprintf(fixture->detail, sizeof fixture->detail, "%s", event->detail ? event->detail : "");
    return LINE;
}

static bool send_event(struct fixture *fixture, const struct cg_event *event, int64_t now_ms)
{
    bool pass = cg_limits_pass(fixture->limits, event, now_ms, &policy);
    fixture->sent++;
    if (!pass)
        return false;
    cg_limits_wrote(fixture->limits, event, LINE);
    fixture->written++;
    fixture->bytes += LINE;
    return true;
}

static int64_t flush(struct fixture *fixture, int64_t now_ms, bool all)
{
    return cg_limits_flush(fixture->limits, now_ms, all, &policy, report, fixture);
}

static bool refuse_from(struct fixture *fixture, uint32_t address, int64_t now_ms)
{
    const union cg_address peer = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 + address)}};
    const struct cg_event event = {
        .type = CG_EVENT_HANDSHAKE_REJECTED, .reason = CG_REASON_EXPIRED, .peer_address = &peer};
    return send_event(fixture, &event, now_ms);
}

static struct fixture begin(void)
{
    struct fixture fixture = {.limits = cg_limits_new()};
    assert_non_null(fixture.limits);
    return fixture;
}

static void a_budget_limits_the_bytes_per_day(void **state)
{
    (void)state;
    const struct cg_budget_limits terms = {1e6, 0.1};
    struct cg_budget budget = {0};
    double spent = 0, at_once = 0, last_day = 0;
    for (int64_t now = 5; now <= 2 * DAY; now += 1000) {
        while (cg_budget_has(&budget, &terms, now)) {
            cg_budget_spend(&budget, 100);
            spent += 100;
        }
        at_once = now == 5 ? spent : at_once;
        last_day = now <= DAY ? spent : last_day;
    }
    assert_true(at_once >= 1e5 && at_once <= 1e5 + 100);
    assert_true(last_day > 0.99e6 && last_day <= 1e6 + 100);
    assert_true(spent - last_day <= 1e6);
    assert_true(
        cg_budget_has(&budget, &terms, 3 * DAY)); /* after a jump of the clock, at most the burst is available */
    assert_true(budget.available <= 1e5);
    double available = budget.available;
    cg_budget_has(&budget, &terms, 2 * DAY); /* setting the clock back has no effect */
    assert_true(budget.available >= available && budget.available <= available);
}

/* 1,100 addresses, every five minutes, for a day and a half. */
static void many_addresses_write_no_more_than_the_limit(void **state)
{
    (void)state;
    struct fixture fixture = begin();
    size_t first_day = 0;
    for (int64_t now = 1; now < DAY + DAY / 2; now += 300000) {
        for (uint32_t address = 0; address < 1100; address++)
            refuse_from(&fixture, address, now);
        flush(&fixture, now, false);
        first_day = now < DAY ? fixture.bytes : first_day;
    }
    print_message("   %llu events, %llu written, %llu summaries, %zu bytes in the first day\n",
                  (unsigned long long)fixture.sent, (unsigned long long)fixture.written,
                  (unsigned long long)fixture.lines, first_day);
    assert_true(first_day <= (size_t)(policy.daily_limit / 2) + 64 * 1024);
    assert_true(fixture.written > 500);
    assert_true(fixture.lines >= 50 && fixture.lines <= 36 * 60 + 1200); /* reported although the flood never pauses */
    flush(&fixture, DAY + DAY / 2, true);
    assert_int_equal(fixture.written + fixture.reported, fixture.sent);
    assert_int_equal(fixture.reported_audited, 0);
    cg_limits_free(fixture.limits);
}

static void suppressed_events_are_reported_within_minutes(void **state)
{
    (void)state;
    struct fixture fixture = begin();
    for (uint32_t address = 0; address < 20000; address++)
        refuse_from(&fixture, address, 1000);
    assert_true(fixture.written < 400);
    uint64_t before = fixture.written;
    int64_t now = 1000;
    for (int i = 0; i < 1000 && now < 20 * 60000; i++) {
        int64_t wait = flush(&fixture, now, false);
        assert_true(wait != 0 || i == 0);
        now += wait < 0 ? 60000 : wait;
    }
    assert_int_equal(fixture.written, before);
    assert_int_equal(fixture.reported + fixture.written, fixture.sent);
    assert_true(strstr(fixture.detail, "log.daily_limit") != NULL);
    cg_limits_free(fixture.limits);
}

static void other_events_always_pass(void **state)
{
    (void)state;
    struct fixture fixture = begin();
    for (uint32_t address = 0; address < 20000; address++)
        refuse_from(&fixture, address, 1000);
    for (int i = 1; i < CG_EVENT_COUNT; i++) {
        struct cg_conn conn = {.number = 1};
        struct cg_event event = {.type = (enum cg_event_type)i};
        enum cg_event_class class = cg_event_class(&event);
        assert_int_not_equal(class, CG_CLASS_UNSET); /* set in every row */
        assert_int_equal(send_event(&fixture, &event, 1000), class == CG_CLASS_ALWAYS || class == CG_CLASS_AUDITED);
        if (i == CG_EVENT_EXPIRY_WARNING) {
            event.conn = &conn;
            assert_int_equal(cg_event_class(&event), CG_CLASS_CLIENT);
            assert_true(send_event(&fixture, &event, 1000)); /* from the devices' share */
        }
    }
    struct cg_conn bridge = {.number = 2, .role = CG_ROLE_BRIDGE};
    const struct cg_event fails = {.type = CG_EVENT_HANDSHAKE_REJECTED, .reason = CG_REASON_EXPIRED, .conn = &bridge};
    assert_true(send_event(&fixture, &fails, 1000)); /* refused peers do not hide a failing bridge */
    const struct cg_event ended = {.type = CG_EVENT_SESSION_ENDED, .reason = CG_REASON_EXPIRED};
    const struct cg_event loaded = {.type = CG_EVENT_SNAPSHOT_LOADED};
    assert_int_equal(cg_event_class(&ended), CG_CLASS_ALWAYS);
    assert_int_equal(cg_event_class(&loaded), CG_CLASS_ALWAYS);
    cg_limits_free(fixture.limits);
}

static unsigned log_lines;

static void count_line(enum cg_level level, const char *text)
{
    (void)level, (void)text;
    log_lines++;
}

/* Counters are exact, even for suppressed events. */
static void the_counters_count_all(void **state)
{
    (void)state;
    struct cg_error err = {""};
    struct cg_reporter *reporter = cg_reporter_open(&policy, count_line, &err);
    union cg_address peer = {.v4.sin_family = AF_INET};
    log_lines = 0;
    for (uint32_t address = 0; address < 20000; address++) {
        peer.v4.sin_addr.s_addr = htonl(0x7f000000 + address);
        const struct cg_event event = {
            .type = CG_EVENT_HANDSHAKE_REJECTED, .reason = CG_REASON_REVOKED, .peer_address = &peer};
        cg_reporter_write(reporter, &event);
    }
    assert_int_equal(cg_reporter_counters(reporter)->rejected.total, 20000);
    assert_int_equal(cg_reporter_counters(reporter)->rejected.by_reason[CG_REASON_REVOKED], 20000);
    assert_true(log_lines >= 100 && log_lines <= 2000); /* the broker's own log is limited too */
    cg_reporter_close(reporter);
}

/* ---- audited devices */

static struct cg_pki *pki;

static bool audit(struct fixture *fixture, const char *name, enum cg_reason reason, int64_t now_ms)
{
    struct cg_conn conn = {.number = 1, .peer_leaf = cg_pki_cert(pki, name)};
    struct sockaddr_in *peer = &conn.peer.v4;
    peer->sin_family = AF_INET;
    const struct cg_event event = {.type = CG_EVENT_HANDSHAKE_AUDITED,
                                   .reason = reason,
                                   .conn = &conn,
                                   .certificate = cg_pki_cert(pki, "ca")}; /* the CA breaks the rule */
    return send_event(fixture, &event, now_ms);
}

static void each_device_behind_one_address_is_named(void **state)
{
    (void)state;
    struct fixture fixture = begin();
    char name[16];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 20; i++) {
            snprintf(name, sizeof name, "dev%d", i);
            assert_int_equal(audit(&fixture, name, CG_REASON_EKU_MISSING, 1000 + round), round == 0);
        }
    assert_true(audit(&fixture, "dev7", CG_REASON_KEY_SIZE, 2000)); /* another reason */
    assert_false(audit(&fixture, "dev7", CG_REASON_KEY_SIZE, 2001));
    assert_int_equal(flush(&fixture, 2001, false), HOUR - 1000);
    flush(&fixture, 1001 + HOUR, false);
    assert_int_equal(fixture.reported, 41);
    assert_int_equal(fixture.reported_audited, 41);
    assert_int_equal(fixture.lines, 2);
    assert_string_equal(fixture.detail, "devices named in an earlier event");
    cg_limits_free(fixture.limits);
}

static void a_device_is_named_again_after_hours(void **state)
{
    (void)state;
    struct fixture fixture = begin();
    int named = 0;
    for (int64_t now = 1; now < 2 * DAY; now += HOUR) {
        flush(&fixture, now, false);
        named += audit(&fixture, "dev1", CG_REASON_EKU_MISSING, now);
    }
    flush(&fixture, 3 * DAY, false);
    assert_true(named >= 4 && named <= 5); /* every 6 to 12 hours */
    assert_true(audit(&fixture, "dev2", CG_REASON_EKU_MISSING, 3 * DAY));
    assert_true(audit(&fixture, "dev2", CG_REASON_EKU_MISSING, 4 * DAY)); /* no calls in between */
    cg_limits_free(fixture.limits);
}

static bool audit_connect(struct fixture *fixture, uint32_t device, int64_t now_ms)
{
    char id[24];
    snprintf(id, sizeof id, "id%u", device);
    const struct cg_event event = {
        .type = CG_EVENT_CONNECT_AUDITED, .reason = CG_REASON_PLAIN_LISTENER, .client_id = id};
    return send_event(fixture, &event, now_ms);
}

/* More devices than the limit allows: the others are named once the budget allows it. */
static void more_devices_than_the_limit_allows(void **state)
{
    (void)state;
    const uint32_t count = 3000;
    struct fixture fixture = begin();
    for (uint32_t i = 0; i < count; i++)
        audit_connect(&fixture, i, 1000);
    uint64_t first = fixture.written;
    assert_true((int64_t)first * LINE > policy.daily_limit / 5 - LINE && first < count);
    flush(&fixture, 1000 + 3 * HOUR, false);
    for (uint32_t i = 0; i < count; i++)
        audit_connect(&fixture, i, 1000 + 3 * HOUR);
    assert_true(fixture.written - first >= 50 && fixture.written - first <= 200);
    flush(&fixture, 1000 + 3 * HOUR, true);
    assert_int_equal(fixture.written + fixture.reported, fixture.sent);
    assert_true((int64_t)fixture.bytes <= policy.daily_limit / 2 + 64 * 1024);
    cg_limits_free(fixture.limits);
}

static void without_a_device_key_the_address_counts(void **state)
{
    (void)state;
    struct fixture fixture = begin();
    union cg_address peer = {.v4.sin_family = AF_INET};
    const struct cg_event event = {
        .type = CG_EVENT_HANDSHAKE_AUDITED, .reason = CG_REASON_NO_CERTIFICATE, .peer_address = &peer};
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_event(&fixture, &event, 1000), i < 5);
    flush(&fixture, 1000, true);
    assert_int_equal(fixture.reported_audited, 5);
    cg_limits_free(fixture.limits);
}

static int make(void **state)
{
    (void)state;
    char recipe[64];
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "ca: ca\n");
    for (int i = 0; i < 20; i++) {
        snprintf(recipe, sizeof recipe, "dev%d: issuer=ca cn=dev%d\n", i, i);
        cg_pki_make(pki, recipe);
    }
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    cg_pki_free(pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_limits_the_bytes_per_day),
        cmocka_unit_test(many_addresses_write_no_more_than_the_limit),
        cmocka_unit_test(suppressed_events_are_reported_within_minutes),
        cmocka_unit_test(other_events_always_pass),
        cmocka_unit_test(the_counters_count_all),
        cmocka_unit_test(each_device_behind_one_address_is_named),
        cmocka_unit_test(a_device_is_named_again_after_hours),
        cmocka_unit_test(more_devices_than_the_limit_allows),
        cmocka_unit_test(without_a_device_key_the_address_counts),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
