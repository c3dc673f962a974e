/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The connection of a client that showed no certificate is found with a mark that nobody else sees. */
#include "tls_fixture.h"

#include "tls/conn/unclaimed.h"
#include "tls/openssl/marker.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct tls_fixture fixture;
static int asked;

static int setup(void **state)
{
    (void)state;
    tls_fixture_open(&fixture);
    fixture.policy->base.client.certificate = CG_CERT_OPTIONAL;
    asked = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tls_fixture_close(&fixture);
    return 0;
}

/* What Mosquitto does for a client whose SSL this is; of one without TLS it is NULL. */
static X509 *certificate_of(const void *client)
{
    asked++;
    return client ? SSL_get1_peer_certificate((const SSL *)client) : NULL;
}

static bool any(const void *client, const struct cg_conn *conn)
{
    (void)client, (void)conn;
    return true;
}

static bool none(const void *client, const struct cg_conn *conn)
{
    (void)client, (void)conn;
    return false;
}

static struct cg_conn *find(const SSL *ssl)
{
    return cg_hook_find_client(certificate_of, ssl, any, NULL);
}

static struct cg_conn *record_of(const SSL *ssl)
{
    struct cg_conn *conn = cg_hook_first();
    while (conn && conn->ssl != ssl)
        conn = conn->next;
    return conn;
}

#define LINKS 6
static SSL_CTX *server, *client;
static struct tls_link links[LINKS];

static void connect_all(int version)
{
    server = tls_broker_context(&fixture, "server");
    client = tls_peer_context(&fixture, version, version, NULL);
    for (int i = 0; i < LINKS; i++) {
        tls_connect(&links[i], server, client);
        tls_run(&links[i]);
        assert_true(links[i].server_done);
    }
}

static void disconnect_all(void)
{
    for (int i = 0; i < LINKS; i++)
        tls_disconnect(&links[i]);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void the_most_recent_one_is_found(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
        connect_all(versions[v]);
        assert_true(cg_marks_are_proven());
        for (int i = 0; i < LINKS; i++) {
            tls_talk(&links[i]);
            assert_ptr_equal(find(links[i].server), record_of(links[i].server));
            assert_null(SSL_get0_peer_certificate(links[i].server)); /* the mark is gone */
            tls_talk(&links[i]);                                     /* and has disturbed nothing */
        }
        disconnect_all();
    }
}

/* A client without TLS that connects right after one of them sent something: it has no certificate, marked or not. */
static void a_client_without_tls_gets_no_record(void **state)
{
    (void)state;
    connect_all(TLS1_3_VERSION);
    tls_talk(&links[2]);
    assert_null(find(NULL));
    assert_true(asked >= 1 && asked <= 4); /* the same for all, however many wait */
    assert_false(cg_hook_is_client(record_of(links[2].server), certificate_of, links[3].server));
    assert_true(cg_hook_is_client(record_of(links[2].server), certificate_of, links[2].server));
    asked = 0;
    assert_null(cg_hook_find_client(certificate_of, links[2].server, none, NULL));
    assert_int_equal(asked, 0);
    disconnect_all();
}

static void a_client_is_found_only_once(void **state)
{
    (void)state;
    connect_all(TLS1_3_VERSION);
    tls_talk(&links[1]);
    struct cg_conn *conn = find(links[1].server);
    assert_non_null(conn);
    cg_hook_connect_done(conn);
    assert_null(find(links[1].server));
    assert_true(cg_hook_is_client(conn, certificate_of, links[1].server)); /* by its record it still can be asked for */
    disconnect_all();
    assert_null(find(NULL));
}

static void a_client_with_a_certificate_needs_no_mark(void **state)
{
    (void)state;
    struct tls_link link;
    SSL_CTX *ctx = tls_broker_context(&fixture, "server");
    SSL_CTX *good = tls_peer_context(&fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    tls_connect(&link, ctx, good);
    tls_run(&link);
    tls_talk(&link);
    struct cg_conn *conn = record_of(link.server);
    assert_non_null(conn);
    assert_null(find(link.server));
    assert_false(cg_hook_is_client(conn, certificate_of, link.server));
    assert_int_equal(asked, 0);
    tls_disconnect(&link);
    SSL_CTX_free(ctx);
    SSL_CTX_free(good);
}

/* No CONNECT comes before the handshake is done, nor from a connection that was refused. */
static void only_established_connections_are_tried(void **state)
{
    (void)state;
    struct tls_link link;
    SSL_CTX *ctx = tls_broker_context(&fixture, "server");
    SSL_CTX *none_shown = tls_peer_context(&fixture, TLS1_3_VERSION, TLS1_3_VERSION, NULL);
    tls_connect(&link, ctx, none_shown);
    tls_step(&link); /* the hellos */
    assert_false(cg_hook_is_client(record_of(link.server), certificate_of, link.server));
    assert_int_equal(asked, 0);
    tls_run(&link);
    assert_true(cg_hook_is_client(record_of(link.server), certificate_of, link.server));
    tls_disconnect(&link);
    SSL_CTX_free(ctx);
    SSL_CTX_free(none_shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_most_recent_one_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_without_tls_gets_no_record, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_is_found_only_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_with_a_certificate_needs_no_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(only_established_connections_are_tried, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
