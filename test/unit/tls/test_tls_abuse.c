/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a peer, or a careless caller of OpenSSL, may try after or during the handshake that was checked: a second one
 * with another certificate, an SSL that is moved to another SSL_CTX, unrequested certificates. */
#include "tls_fixture.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void use(SSL *ssl, const char *name)
{
    assert_int_equal(
        SSL_use_cert_and_key(ssl, cg_pki_cert(shared_fixture.pki, name), cg_pki_key(shared_fixture.pki, name), NULL, 1),
        1);
}

/* Both sides keep reading for a while, as a broker does. */
static void keep_reading(struct tls_link *link)
{
    char byte;
    for (int i = 0; i < 20; i++) {
        ERR_clear_error();
        (void)SSL_do_handshake(link->client);
        (void)SSL_read(link->client, &byte, 1);
        ERR_clear_error();
        (void)SSL_read(link->server, &byte, 1);
        (void)SSL_do_handshake(link->server);
    }
    ERR_clear_error();
}

/* Let in without a certificate, or with a good one; then comes another. */
static void a_client_renegotiates(void **state)
{
    (void)state;
    shared_fixture.policy->base.client.certificate = CG_CERT_OPTIONAL;
    static const char *const first[] = {NULL, "good"}, *const second[] = {"expired", "stranger"};
    for (size_t i = 0; i < 4; i++) {
        struct tls_link link;
        memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX_set_options(server, SSL_OP_ALLOW_CLIENT_RENEGOTIATION); /* whatever OpenSSL's configuration allows */
        SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_2_VERSION, first[i & 1]);
        tls_connect(&link, server, client);
        tls_run(&link);
        assert_true(link.server_done && link.client_done);
        const X509 *leaf = SSL_get0_peer_certificate(link.server);
        use(link.client, second[i / 2]);
        (void)SSL_renegotiate(link.client);
        keep_reading(&link);
        assert_ptr_equal(SSL_get0_peer_certificate(link.server), leaf);
        assert_int_equal(SSL_num_renegotiations(link.server), 0);
        assert_int_equal(shared_fixture.calls.accepted, 1);
        tls_disconnect(&link);
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
}

static void a_remote_broker_renegotiates(void **state)
{
    (void)state;
    struct tls_link link;
    SSL_CTX *remote = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_2_VERSION, "server");
    SSL_CTX *bridge = tls_bridge_context(&shared_fixture, "good");
    SSL_CTX_set_verify(remote, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    tls_connect(&link, remote, bridge);
    SSL_set_tlsext_host_name(link.client, "localhost");
    tls_run(&link);
    assert_true(link.server_done && link.client_done);
    const X509 *leaf = SSL_get0_peer_certificate(link.client);
    use(link.server, "strangeserver");
    (void)SSL_renegotiate(link.server);
    keep_reading(&link);
    assert_ptr_equal(SSL_get0_peer_certificate(link.client), leaf);
    assert_int_equal(shared_fixture.calls.accepted, 1);
    tls_disconnect(&link);
    SSL_CTX_free(remote);
    SSL_CTX_free(bridge);
}

/* TLS 1.3: the client offers to show a certificate later. Nobody asks for it. */
static void a_client_offers_post_handshake_authentication(void **state)
{
    (void)state;
    shared_fixture.policy->base.client.certificate = CG_CERT_NONE;
    struct tls_link link;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "expired");
    SSL_CTX_set_post_handshake_auth(client, 1);
    tls_connect(&link, server, client);
    tls_run(&link);
    assert_true(link.server_done);
    keep_reading(&link);
    assert_null(SSL_get0_peer_certificate(link.server));
    assert_int_equal(shared_fixture.calls.accepted, 1);
    tls_disconnect(&link);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static int move(SSL *ssl, int *alert, void *to)
{
    (void)alert;
    return SSL_set_SSL_CTX(ssl, to) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* In the middle of the handshake, by the name that the client asks for. */
static void handshake_with_move(SSL_CTX *to, int version, const char *client_name, bool expect_done)
{
    struct tls_link link;
    memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, version, version, client_name);
    SSL_CTX_set_tlsext_servername_callback(server, move);
    SSL_CTX_set_tlsext_servername_arg(server, to);
    tls_connect(&link, server, client);
    SSL_set_tlsext_host_name(link.client, "elsewhere.lan");
    tls_run(&link);
    assert_int_equal(link.server_done, expect_done);
    assert_int_equal(shared_fixture.calls.accepted, expect_done);
    tls_disconnect(&link);
    assert_int_equal(shared_fixture.calls.accepted + shared_fixture.calls.rejected, 1);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void an_ssl_moves_to_another_context(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX *other = tls_broker_context(&shared_fixture, "server");
        handshake_with_move(other, versions[i], "good", true);
        handshake_with_move(other, versions[i], "expired", false);
        handshake_with_move(other, versions[i], NULL, false);
        SSL_CTX_free(other);
        /* one that the hook ignores: it must not accept anyone */
        SSL_CTX *foreign = tls_foreign_context(TLS_server_method());
        SSL_CTX_use_cert_and_key(foreign, cg_pki_cert(shared_fixture.pki, "server"),
                                 cg_pki_key(shared_fixture.pki, "server"), NULL, 1);
        handshake_with_move(foreign, versions[i], "good", false);
        handshake_with_move(foreign, versions[i], "expired", false);
        handshake_with_move(foreign, versions[i], NULL, false);
        SSL_CTX_free(foreign);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_renegotiates, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_remote_broker_renegotiates, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_client_offers_post_handshake_authentication, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(an_ssl_moves_to_another_context, tls_setup, tls_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
