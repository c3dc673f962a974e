/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Refused handshakes are the debt of their address, large ones of all together: who would add to it waits while it is high. */
#include "tls_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define STEP_US 10000 /* CPU between two looks at the clock: of a refused handshake in several parts, some of them */
#define DEAR_MS 10000 /* at 2 % of a core: pays for 200 ms of CPU */

static struct tls_world world;
static SSL_CTX *server, *good, *bad, *large, *padded, *stuffed; /* stuffed: an attacker's */

/* A certificate of 5 KiB and more: most of it its names. */
static void make_large(const char *name)
{
    char recipe[8192];
    int len = snprintf(recipe, sizeof recipe, "%s: issuer=ca eku=clientAuth,serverAuth san=dns:localhost", name);
    for (int i = 0; i < 150; i++)
        len += snprintf(recipe + len, sizeof recipe - (size_t)len, ",dns:device-%03d.plant.example.test", i);
    cg_pki_make(world.pki, recipe);
}

/* A certificate with large ones behind it that have nothing to do with it. */
static SSL_CTX *padded_context(const char *name, int count)
{
    SSL_CTX *ctx = tls_peer_context(&world, TLS1_3_VERSION, TLS1_3_VERSION, name);
    for (int i = 0; i < count; i++)
        SSL_CTX_add1_chain_cert(ctx, cg_pki_cert(world.pki, "other-large"));
    return ctx;
}

static int setup(void **state)
{
    (void)state;
    tls_world_open(&world);
    world.cpu_step_us = STEP_US;
    world.policy->base.tls.handshake_timeout_ms = 600000;
    world.policy->base.tls.max_refused_percent = 2;
    world.policy->base.tls.max_large_percent = 2;
    server = tls_broker_context(&world, "server");
    good = tls_peer_context(&world, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    bad = tls_peer_context(&world, TLS1_3_VERSION, TLS1_3_VERSION, "stranger");
    make_large("large");
    make_large("other-large");
    large = tls_peer_context(&world, TLS1_3_VERSION, TLS1_3_VERSION, "large");
    padded = padded_context("good", 2);
    stuffed = padded_context("stranger", 8);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    SSL_CTX_free(server);
    SSL_CTX_free(good);
    SSL_CTX_free(bad);
    SSL_CTX_free(large);
    SSL_CTX_free(padded);
    SSL_CTX_free(stuffed);
    tls_world_close(&world);
    return 0;
}

static bool waits(const struct tls_link *link)
{
    return !link->server_done && !link->server_failed && link->server;
}

/* False: it had to wait, and gave up. */
static bool is_refused(SSL_CTX *client, unsigned host)
{
    struct tls_link link;
    int before = world.told.rejected;
    tls_connect_from(&link, server, client, host);
    tls_run(&link);
    bool waited = waits(&link);
    tls_disconnect(&link);
    assert_int_equal(world.told.rejected, before + 1);
    assert_int_equal(world.told.last.reason, waited ? CG_REASON_PEER_GONE : CG_REASON_UNTRUSTED);
    return !waited;
}

static bool refused_from(unsigned host)
{
    return is_refused(bad, host);
}

/* Until the address has to wait. */
static void run_up_debt(unsigned host)
{
    int refused = 0;
    while (refused_from(host))
        assert_in_range(++refused, 1, 10);
    assert_in_range(refused, 2, 10);
}

/* Each from another address. */
static void run_up_large_debt(void)
{
    unsigned refused = 0;
    while (is_refused(stuffed, 10 + refused))
        assert_in_range(++refused, 1, 10);
    assert_in_range(refused, 2, 10);
}

static void is_let_in(SSL_CTX *client, unsigned host)
{
    struct tls_link link;
    tls_connect_from(&link, server, client, host);
    tls_run(&link);
    assert_true(link.server_done && link.client_done);
    tls_disconnect(&link);
}

/* A good client connects and is let in at once. */
static void let_in_from(unsigned host)
{
    is_let_in(good, host);
}

static void has_to_wait(SSL_CTX *client, unsigned host, struct tls_link *link)
{
    tls_connect_from(link, server, client, host);
    tls_run(link);
    assert_true(waits(link));
}

/* A good client connects, and has to wait. */
static void waits_from(unsigned host, struct tls_link *link)
{
    has_to_wait(good, host, link);
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
        is_let_in(padded, 1);
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
    assert_non_null(strstr(world.told.last.detail, "tls.max_refused_percent"));
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

static void large_ones_wait_and_no_others(void **state)
{
    (void)state;
    struct tls_link link[2];
    run_up_large_debt();
    has_to_wait(large, 1, &link[0]);
    has_to_wait(stuffed, 1, &link[1]);
    let_in_from(1);
    world.monotonic_ms += DEAR_MS;
    cg_hook_tick();
    tls_run(&link[0]);
    assert_true(link[0].server_done && link[0].client_done);
    tls_disconnect(&link[0]);
    tls_disconnect(&link[1]);
}

/* Those that never get a turn, and give up, make it no higher. */
static void who_waits_adds_nothing_to_the_debt(void **state)
{
    (void)state;
    struct tls_link link;
    run_up_large_debt();
    for (unsigned i = 0; i < 50; i++)
        assert_false(is_refused(stuffed, i));
    has_to_wait(large, 1, &link);
    world.monotonic_ms += DEAR_MS;
    cg_hook_tick();
    tls_run(&link);
    assert_true(link.server_done);
    tls_disconnect(&link);
}

static void what_certificates_need_is_not_large(void **state)
{
    (void)state;
    struct tls_link link;
    is_let_in(large, 1);
    run_up_large_debt();
    is_let_in(large, 1);
    has_to_wait(stuffed, 1, &link);
    tls_disconnect(&link);
}

/* Sends all but the end of its last flight: the chain was looked at by then. */
static void break_off(SSL_CTX *client)
{
    struct tls_link link;
    char *flight;
    tls_connect_from(&link, server, client, 1);
    tls_step(&link);
    BIO *held = BIO_new(BIO_s_mem());
    SSL_set0_wbio(link.client, held);
    tls_run(&link);
    long len = BIO_get_mem_data(held, &flight);
    assert_in_range(len, 4096, 65536);
    assert_int_equal(send(link.fd[1], flight, (size_t)len - 8, 0), len - 8);
    tls_run(&link);
    tls_end(&link.client, &link.fd[1]);
    tls_run(&link);
    assert_int_equal(world.told.last.reason, CG_REASON_PEER_GONE);
    tls_disconnect(&link);
}

static void a_large_one_is_owed_whoever_broke_it_off(void **state)
{
    (void)state;
    struct tls_link link;
    for (int i = 0; i < 20; i++)
        break_off(large);
    has_to_wait(large, 2, &link);
    tls_disconnect(&link);
}

/* What a client sends beside its path must not make more of it usual. */
static void only_the_path_makes_usual(void **state)
{
    (void)state;
    struct tls_link link;
    is_let_in(padded, 1);
    run_up_large_debt();
    has_to_wait(large, 1, &link);
    tls_disconnect(&link);
}

static void our_own_chain_makes_usual(void **state)
{
    (void)state;
    struct tls_link link;
    SSL_CTX_free(server);
    server = tls_broker_context(&world, "other-large");
    run_up_large_debt();
    is_let_in(large, 1);
    has_to_wait(stuffed, 1, &link);
    tls_disconnect(&link);
}

static void without_a_share_no_large_one_waits(void **state)
{
    (void)state;
    world.policy->base.tls.max_large_percent = 0;
    for (unsigned i = 0; i < 20; i++)
        assert_true(is_refused(stuffed, i));
    is_let_in(large, 1);
}

static void a_large_one_is_cut_at_the_deadline(void **state)
{
    (void)state;
    struct tls_link link;
    world.policy->base.tls.handshake_timeout_ms = 100;
    run_up_large_debt();
    has_to_wait(large, 1, &link);
    world.monotonic_ms += 100;
    cg_hook_tick();
    assert_int_equal(world.told.last.reason, CG_REASON_HANDSHAKE_TIMEOUT);
    assert_non_null(strstr(world.told.last.detail, "tls.max_large_percent"));
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
        cmocka_unit_test_setup_teardown(large_ones_wait_and_no_others, setup, teardown),
        cmocka_unit_test_setup_teardown(who_waits_adds_nothing_to_the_debt, setup, teardown),
        cmocka_unit_test_setup_teardown(what_certificates_need_is_not_large, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_one_is_owed_whoever_broke_it_off, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_path_makes_usual, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_chain_makes_usual, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_share_no_large_one_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_one_is_cut_at_the_deadline, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
