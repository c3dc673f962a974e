/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The limits per address and reason. The test sets the time. */
#include "broker/event/suppress.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct cg_log_policy policy = {.burst = 3, .window_ms = 60000};

static const union cg_address *peer(const char *text)
{
    static union cg_address address;
    memset(&address, 0, sizeof address);
    address.any.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    void *bytes = strchr(text, ':') ? (void *)&address.v6.sin6_addr : (void *)&address.v4.sin_addr;
    assert_int_equal(inet_pton(address.any.sa_family, text, bytes), 1);
    return &address;
}

struct result {
    int calls;
    uint64_t count;
    char peer[64];
    enum cg_reason reason;
};

static void report(void *context, const struct cg_suppressed *what)
{
    struct result *result = context;
    result->calls++;
    result->count += what->count;
    result->reason = what->reason;
    snprintf(result->peer, sizeof result->peer, "%s", what->peer);
}

static int passes(struct cg_suppress *s, const char *from, enum cg_reason reason, int times, int64_t at)
{
    int passed = 0;
    for (int i = 0; i < times; i++)
        passed += cg_suppress_pass(s, peer(from), reason, at, &policy);
    return passed;
}

static void counts_after_the_burst(void **state)
{
    (void)state;
    struct result result = {0};
    struct cg_suppress *s = cg_suppress_new(16);
    assert_int_equal(passes(s, "192.0.2.1", CG_REASON_EXPIRED, 10, 0), 3);
    assert_int_equal(passes(s, "192.0.2.1", CG_REASON_REVOKED, 2, 0), 2);
    assert_int_equal(passes(s, "192.0.2.2", CG_REASON_EXPIRED, 2, 0), 2);
    assert_int_equal(cg_suppress_flush(s, 59999, false, report, &result), 1);
    assert_int_equal(result.calls, 0);
    assert_int_equal(cg_suppress_flush(s, 60000, false, report, &result), -1);
    assert_int_equal(result.calls, 1);
    assert_int_equal(result.count, 7);
    assert_int_equal(result.reason, CG_REASON_EXPIRED);
    assert_string_equal(result.peer, "192.0.2.1");
    assert_int_equal(passes(s, "192.0.2.1", CG_REASON_EXPIRED, 10, 60000), 3);
    cg_suppress_free(s);
}

static void an_ipv6_network_is_one_peer(void **state)
{
    (void)state;
    struct result result = {0};
    struct cg_suppress *s = cg_suppress_new(16);
    assert_int_equal(passes(s, "2001:db8::1", CG_REASON_EXPIRED, 2, 0), 2);
    assert_int_equal(passes(s, "2001:db8::2", CG_REASON_EXPIRED, 2, 0), 1);
    assert_int_equal(passes(s, "2001:db8:0:1::2", CG_REASON_EXPIRED, 2, 0), 2);
    cg_suppress_flush(s, 0, true, report, &result);
    assert_string_equal(result.peer, "2001:db8::/64");
    assert_int_equal(result.count, 1);
    cg_suppress_free(s);
}

static void a_mapped_address_is_its_ipv4_address(void **state)
{
    (void)state;
    struct result result = {0};
    struct cg_suppress *s = cg_suppress_new(16);
    assert_int_equal(passes(s, "192.0.2.9", CG_REASON_EXPIRED, 2, 0), 2);
    assert_int_equal(passes(s, "::ffff:192.0.2.9", CG_REASON_EXPIRED, 4, 0), 1);
    cg_suppress_flush(s, 0, true, report, &result);
    assert_string_equal(result.peer, "192.0.2.9");
    cg_suppress_free(s);
}

static void peers_beyond_the_table_share_one_entry(void **state)
{
    (void)state;
    struct result result = {0};
    char text[32];
    int passed = 0;
    struct cg_suppress *s = cg_suppress_new(4);
    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "198.51.100.%d", i);
        passed += passes(s, text, CG_REASON_EXPIRED, 1, 0);
    }
    assert_int_equal(passed, 4 + 3);
    cg_suppress_flush(s, 0, true, report, &result);
    assert_int_equal(result.count, 193);
    assert_string_equal(result.peer, "others");
    cg_suppress_free(s);
}

/* Windows end in any order, and a closed window does not affect later ones. */
static void a_new_peer_begins_at_zero(void **state)
{
    (void)state;
    struct result result = {0};
    struct cg_suppress *s = cg_suppress_new(16);
    passes(s, "192.0.2.1", CG_REASON_EXPIRED, 10, 0);
    passes(s, "192.0.2.2", CG_REASON_EXPIRED, 10, 1000);
    passes(s, "192.0.2.3", CG_REASON_EXPIRED, 10, 1000);
    cg_suppress_flush(s, 60000, false, report, &result); /* the last entry moves to a free position */
    cg_suppress_flush(s, 61000, false, report, &result);
    assert_int_equal(result.count, 21);
    assert_int_equal(passes(s, "192.0.2.4", CG_REASON_EXPIRED, 4, 61000), 3);
    assert_int_equal(passes(s, "192.0.2.5", CG_REASON_EXPIRED, 4, 61000), 3);
    assert_int_equal(passes(s, "192.0.2.6", CG_REASON_EXPIRED, 4, 61000), 3);
    cg_suppress_flush(s, 121000, false, report, &result);
    assert_int_equal(result.count, 24);
    cg_suppress_free(s);
}

static void a_changed_window_applies_from_the_next_event(void **state)
{
    (void)state;
    struct result result = {0};
    const struct cg_log_policy shorter = {.burst = 3, .window_ms = 1000};
    struct cg_suppress *s = cg_suppress_new(16);
    passes(s, "192.0.2.1", CG_REASON_EXPIRED, 10, 0);
    assert_false(cg_suppress_pass(s, peer("192.0.2.1"), CG_REASON_EXPIRED, 500, &shorter));
    cg_suppress_flush(s, 1000, false, report, &result);
    assert_int_equal(result.count, 8);
    cg_suppress_free(s);
}

static void unknown_peers_are_one(void **state)
{
    (void)state;
    struct cg_suppress *s = cg_suppress_new(4);
    int passed = 0;
    for (int i = 0; i < 10; i++)
        passed += cg_suppress_pass(s, NULL, CG_REASON_PEER_GONE, 0, &policy);
    assert_int_equal(passed, 3);
    cg_suppress_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_after_the_burst),
        cmocka_unit_test(an_ipv6_network_is_one_peer),
        cmocka_unit_test(a_mapped_address_is_its_ipv4_address),
        cmocka_unit_test(peers_beyond_the_table_share_one_entry),
        cmocka_unit_test(a_new_peer_begins_at_zero),
        cmocka_unit_test(a_changed_window_applies_from_the_next_event),
        cmocka_unit_test(unknown_peers_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
