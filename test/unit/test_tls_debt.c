/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Refused handshakes are the debt of their address, which waits while it owes too much. */
#include "tls_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define STEP_US 10000 /* CPU between two looks at the clock: of a refused handshake in several parts, some of them */
#define DEAR_MS 10000 /* at 2 % of a core: pays for 200 ms of CPU */

static struct tls_world world;
static SSL_CTX *server, *good, *bad;

static int setup(void **state)
{
    (void)state;
    tls_world_open(&world);
    world.cpu_step_us = STEP_US;
    world.policy->base.tls.handshake_timeout_ms = 600000;
    world.policy->base.tls.max_refused_percent = 2;
    server = tls_broker_context(&world, "server");
    good = tls_peer_context(&world, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    bad = tls_peer_context(&world, TLS1_3_VERSION, TLS1_3_VERSION, "stranger");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    SSL_CTX_free(server);
    SSL_CTX_free(good);
    SSL_CTX_free(bad);
    tls_world_close(&world);
    return 0;
}

static bool waits(const struct tls_link *link)
{
    return !link->server_done && !link->server_failed && !link->client_done && link->server;
}

/* False: it had to wait, and gave up. */
static bool refused_from(unsigned host)
{
    struct tls_link link;
    int before = world.told.rejected;
    tls_connect_from(&link, server, bad, host);
    tls_run(&link);
    bool waited = waits(&link);
    tls_disconnect(&link);
    assert_int_equal(world.told.rejected, before + 1);
    assert_int_equal(world.told.last.reason, waited ? CG_REASON_PEER_GONE : CG_REASON_UNTRUSTED);
    return !waited;
}

/* Until the address has to wait. */
static void run_up_debt(unsigned host)
{
    int refused = 0;
    while (refused_from(host))
        assert_in_range(++refused, 1, 10);
    assert_in_range(refused, 2, 10);
}

/* A good client connects and is let in at once. */
static void let_in_from(unsigned host)
{
    struct tls_link link;
    tls_connect_from(&link, server, good, host);
    tls_run(&link);
    assert_true(link.server_done && link.client_done);
    tls_disconnect(&link);
}

/* A good client connects, and has to wait. */
static void waits_from(unsigned host, struct tls_link *link)
{
    tls_connect_from(link, server, good, host);
    tls_run(link);
    assert_true(waits(link));
}

static void an_address_in_debt_waits_and_no_other(void **state)
{
    (void)state;
    struct tls_link link;
    run_up_debt(1);
    waits_from(1, &link);
    let_in_from(2);
    assert_int_equal(cg_hook_tick(), 20);
    tls_run(&link);
    assert_true(waits(&link));
    world.monotonic_ms += DEAR_MS;
    assert_true(cg_hook_tick() != 20);
    tls_run(&link);
    assert_true(link.server_done && link.client_done);
    tls_talk(&link);
    assert_int_equal(world.told.accepted, 2);
    tls_disconnect(&link);
}

static void they_come_one_at_a_time(void **state)
{
    (void)state;
    struct tls_link link[3];
    run_up_debt(1);
    for (size_t i = 0; i < 3; i++) {
        tls_connect_from(&link[i], server, bad, 1);
        tls_run(&link[i]);
        assert_true(waits(&link[i]));
    }
    int refused = world.told.rejected;
    for (size_t turn = 1; turn <= 3; turn++) {
        /* the debt is paid down to what lets one begin, not two */
        for (int i = 0; i < 1000 && world.told.rejected == refused + (int)turn - 1; i++) {
            world.monotonic_ms += 20;
            cg_hook_tick();
            for (size_t j = 0; j < 3; j++)
                tls_step(&link[j]);
            usleep(100);
        }
        assert_int_equal(world.told.rejected, refused + (int)turn);
        cg_hook_tick();
        for (size_t j = 0; j < 3; j++)
            tls_run(&link[j]);
        assert_int_equal(world.told.rejected, refused + (int)turn);
    }
    for (size_t i = 0; i < 3; i++)
        tls_disconnect(&link[i]);
}

static void nobody_waits_where_somebody_is_in(void **state)
{
    (void)state;
    struct tls_link in, link;
    tls_connect_from(&in, server, good, 1);
    tls_run(&in);
    assert_true(in.server_done);
    for (int i = 0; i < 20; i++)
        assert_true(refused_from(1));
    let_in_from(1);
    tls_disconnect(&in);
    waits_from(1, &link);
    tls_disconnect(&link);
}

static void what_the_peer_breaks_off_is_no_debt(void **state)
{
    (void)state;
    struct tls_link link;
    for (int i = 0; i < 20; i++) {
        tls_connect_from(&link, server, good, 1);
        tls_step(&link);
        tls_disconnect(&link);
        assert_int_equal(world.told.last.reason, CG_REASON_PEER_GONE);
    }
    let_in_from(1);
}

static void good_clients_run_up_no_debt(void **state)
{
    (void)state;
    assert_true(refused_from(1));
    for (int i = 0; i < 50; i++) {
        let_in_from(1);
    }
}

static void without_a_share_nobody_waits(void **state)
{
    (void)state;
    world.policy->base.tls.max_refused_percent = 0; /* the default */
    for (int i = 0; i < 20; i++)
        assert_true(refused_from(1));
    let_in_from(1);
}

static void who_waits_is_cut_at_the_deadline(void **state)
{
    (void)state;
    struct tls_link link;
    world.policy->base.tls.handshake_timeout_ms = 100;
    run_up_debt(1);
    tls_connect_from(&link, server, good, 1);
    tls_run(&link);
    world.monotonic_ms += 100;
    cg_hook_tick();
    assert_int_equal(world.told.last.reason, CG_REASON_HANDSHAKE_TIMEOUT);
    assert_non_null(strstr(world.told.last.detail, "had to wait"));
    tls_run(&link);
    assert_true(link.server_failed);
    tls_disconnect(&link);
}

static void who_goes_while_waiting_is_gone(void **state)
{
    (void)state;
    struct tls_link link;
    run_up_debt(1);
    waits_from(1, &link);
    tls_end(&link.client, &link.fd[1]);
    tls_run(&link);
    assert_true(link.server_failed);
    assert_int_equal(world.told.last.reason, CG_REASON_PEER_GONE);
    tls_disconnect(&link);
}

static void who_talks_on_while_waiting_is_cut(void **state)
{
    (void)state;
    static const char bytes[4096];
    struct tls_link link;
    run_up_debt(1);
    tls_connect_from(&link, server, NULL, 1);
    assert_int_equal(send(link.fd[1], bytes, sizeof bytes, 0), sizeof bytes);
    tls_run(&link);
    assert_true(waits(&link));
    for (int i = 0; i < 100 && send(link.fd[1], bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT) > 0; i++)
        ;
    tls_run(&link);
    assert_true(link.server_failed);
    assert_int_equal(world.told.last.reason, CG_REASON_PEER_GONE);
    tls_disconnect(&link);
}

/* More addresses than are remembered: the newest debt is kept, and nothing breaks. */
static void many_addresses(void **state)
{
    (void)state;
    struct tls_link link;
    for (unsigned host = 10; host < 300; host++)
        assert_true(refused_from(host));
    run_up_debt(1);
    waits_from(1, &link);
    tls_disconnect(&link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_address_in_debt_waits_and_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(they_come_one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_waits_where_somebody_is_in, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_peer_breaks_off_is_no_debt, setup, teardown),
        cmocka_unit_test_setup_teardown(good_clients_run_up_no_debt, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_share_nobody_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(who_waits_is_cut_at_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(who_goes_while_waiting_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(who_talks_on_while_waiting_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(many_addresses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
