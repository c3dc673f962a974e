/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The life of the hook: install, remove, which SSL_CTXs it handles, and what it does if something is missing. */
#include "core/base/datetime.h"
#include "tls/credential/preflight.h"
#include "tls_fixture.h"
#include "tls_foreign.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* One handshake; true: both sides are done. */
static bool shake(SSL_CTX *server, SSL_CTX *client)
{
    struct tls_link link;
    tls_connect(&link, server, client);
    tls_run(&link);
    bool done = link.server_done && link.client_done;
    tls_disconnect(&link);
    return done;
}

static int64_t clock_says = -1; /* -1: what it is */

/* In the place of the C library's. */
time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t seconds = clock_says == -1 ? now.tv_sec : (time_t)clock_says;
    if (out)
        *out = seconds;
    return seconds;
}

/* The self-test works at any time that a certificate can express; at a later time it reports the clock. */
static void the_self_test_works_at_any_time(void **state)
{
    (void)state;
    static const int64_t moments[] = {
        0, INT64_C(1) << 31, CG_TIME_LAST - 3600, CG_TIME_LAST - 3599, CG_TIME_LAST - 60, CG_TIME_LAST + 1};
    struct cg_error err = {""};
    cg_hook_remove();
    for (size_t i = 0; sizeof(time_t) == 8 && i < sizeof moments / sizeof *moments; i++) {
        clock_says = moments[i];
        bool ok = cg_hook_install(&shared_fixture.handlers, &err);
        if (ok != (moments[i] <= CG_TIME_LAST))
            fail_msg("%lld: %s", (long long)moments[i], err.text);
        if (ok)
            cg_hook_remove();
    }
    clock_says = -1;
    if (sizeof(time_t) == 8)
        assert_non_null(strstr(err.text, "the clock of this computer is set to a time after the year 9999"));
    assert_true(cg_hook_install(&shared_fixture.handlers, NULL));
}

static void installs_are_counted(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *bad = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "expired");
    assert_true(cg_hook_install(&shared_fixture.handlers, NULL));
    cg_hook_remove();
    assert_false(shake(server, bad));
    assert_int_equal(shared_fixture.calls.rejected, 1);
    SSL_CTX_free(server);
    SSL_CTX_free(bad);
}

struct hello {
    unsigned char bytes[2048];
    int len;
};

/* A client's first message, for peers that send it in parts. */
static struct hello hello_of(SSL_CTX *client)
{
    struct hello hello;
    SSL *ssl = SSL_new(client);
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(ssl);
    (void)SSL_do_handshake(ssl);
    hello.len = BIO_read(out, hello.bytes, sizeof hello.bytes);
    SSL_free(ssl);
    ERR_clear_error();
    assert_true(hello.len >= 100 && hello.len < (int)sizeof hello.bytes);
    return hello;
}

#define FIRST_PART 10 /* a record's header, and the beginning of what is in it */

static void send_first_part(struct tls_link *link, const struct hello *hello)
{
    assert_int_equal(write(link->fd[1], hello->bytes, FIRST_PART), FIRST_PART);
    tls_step(link);
}

static void send_rest(struct tls_link *link, const struct hello *hello)
{
    assert_int_equal(write(link->fd[1], hello->bytes + FIRST_PART, (size_t)hello->len - FIRST_PART),
                     hello->len - FIRST_PART);
    tls_run(link);
}

/* SSL_CTXs of the broker that outlive the hook refuse every client; later ones are not ours. */
static void removed_with_live_connections(void **state)
{
    (void)state;
    struct tls_link live, half, begun;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_3_VERSION, "good");
    tls_connect(&live, server, client);
    tls_run(&live);
    assert_true(live.server_done);
    tls_connect(&half, server, client);
    tls_step(&half);
    const struct hello hello = hello_of(client);
    tls_connect(&begun, server, NULL);
    send_first_part(&begun, &hello);
    cg_hook_remove();
    assert_int_equal(shared_fixture.calls.ended, 3);
    assert_int_equal(shared_fixture.calls.rejected, 2);
    assert_null(cg_hook_first());
    assert_int_equal(cg_hook_tick(), -1);
    X509 *leaf = SSL_get1_peer_certificate(live.server);
    assert_null(cg_hook_conn_of_certificate(leaf));
    X509_free(leaf);
    tls_talk(&live);
    tls_run(&half);
    assert_false(half.server_done);
    send_rest(&begun, &hello);
    assert_true(begun.server_failed);
    assert_false(shake(server, client));
    tls_disconnect(&live);
    tls_disconnect(&half);
    tls_disconnect(&begun);
    assert_int_equal(shared_fixture.calls.ended, 3);

    assert_true(cg_hook_install(&shared_fixture.handlers, NULL));
    assert_false(shake(server, client)); /* of the time before: not in the new registry, refused */
    SSL_CTX_free(server);
    server = tls_broker_context(&shared_fixture, "server");
    assert_true(shake(server, client));
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void a_context_at_the_same_address(void **state)
{
    (void)state;
    SSL_CTX *bad = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "expired");
    SSL_CTX *ok = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    for (int i = 0; i < 4; i++) {
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        assert_false(shake(server, bad)); /* the first connection of each */
        assert_true(shake(server, ok));
        SSL_CTX_free(server);
    }
    assert_int_equal(shared_fixture.calls.rejected, 4);
    assert_int_equal(shared_fixture.calls.accepted, 4);
    SSL_CTX_free(bad);
    SSL_CTX_free(ok);
}

/* Made by another shared object: the call stack says so. */
static void foreign_contexts_are_ignored(void **state)
{
    (void)state;
#ifdef __arm__ /* where OpenSSL may have no unwind tables */
    if (!cg_hook_knows_ctx_owner())
        skip();
#endif
    assert_true(cg_hook_knows_ctx_owner());
    SSL_CTX *server = tls_foreign_make();
    assert_int_equal(SSL_CTX_use_cert_and_key(server, cg_pki_cert(shared_fixture.pki, "server"),
                                              cg_pki_key(shared_fixture.pki, "server"), NULL, 1),
                     1);
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_3_VERSION, "expired");
    assert_true(shake(server, client));
    assert_int_equal(shared_fixture.calls.rejected + shared_fixture.calls.accepted + shared_fixture.calls.ended, 0);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void *in_a_thread(void *unused)
{
    (void)unused;
    return SSL_CTX_new(TLS_server_method());
}

/* The broker has one thread. */
static void other_threads_are_ignored(void **state)
{
    (void)state;
    pthread_t thread;
    void *server = NULL;
    assert_int_equal(pthread_create(&thread, NULL, in_a_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, &server), 0);
    SSL_CTX_use_cert_and_key(server, cg_pki_cert(shared_fixture.pki, "server"),
                             cg_pki_key(shared_fixture.pki, "server"), NULL, 1);
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_3_VERSION, "expired");
    assert_true(shake(server, client));
    assert_int_equal(shared_fixture.calls.rejected + shared_fixture.calls.accepted + shared_fixture.calls.ended, 0);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void no_snapshot(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    shared_fixture.current = NULL;
    for (int i = 0; i < 2; i++) {
        SSL_CTX *client = tls_peer_context(&shared_fixture, versions[i], versions[i], "good");
        assert_false(shake(server, client));
        assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_NO_SNAPSHOT);
        SSL_CTX_free(client);
    }
    assert_int_equal(shared_fixture.calls.rejected, 2);
    SSL_CTX_free(server);
}

/* A peer that sends nothing while there is a snapshot, and a hello when there is none. */
static void no_snapshot_any_more(void **state)
{
    (void)state;
    struct tls_link link;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_3_VERSION, "good");
    const struct hello hello = hello_of(client);
    tls_connect(&link, server, NULL);
    assert_true(cg_hook_tick() > 0);
    assert_non_null(cg_hook_first());
    shared_fixture.current = NULL;
    send_first_part(&link, &hello);
    assert_int_equal(cg_hook_tick(), -1);
    send_rest(&link, &hello);
    assert_true(link.server_failed);
    assert_int_equal(shared_fixture.calls.rejected, 1);
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_NO_SNAPSHOT);
    tls_disconnect(&link);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* Each is a peer with its own entry. */
static void a_copy_of_a_pending_connection(void **state)
{
    (void)state;
    int fd[2];
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL *ssl = SSL_new(server);
    SSL_set_accept_state(ssl);
    SSL *copy = SSL_dup(ssl), *gone = SSL_dup(ssl);
    assert_non_null(copy);
    assert_non_null(gone);
    assert_ptr_not_equal(copy, ssl);
    assert_ptr_not_equal(gone, ssl);
    tls_sockets(fd, 0);
    assert_int_equal(SSL_set_fd(gone, fd[0]), 1);
    SSL_free(gone);
    (void)cg_hook_tick();
    assert_null(cg_hook_first());
    assert_int_equal(SSL_set_fd(copy, fd[0]), 1);
    (void)cg_hook_tick();
    assert_non_null(cg_hook_first());
    assert_ptr_equal(cg_hook_first()->ssl, copy);
    assert_null(cg_hook_first()->next);
    SSL_free(copy);
    SSL_free(ssl);
    assert_int_equal(shared_fixture.calls.ended, 1);
    close(fd[0]);
    close(fd[1]);
    SSL_CTX_free(server);
}

struct bridge_row {
    const char *sentence, *server, *host;
    bool accepted;
    enum cg_reason reason;
};

static const struct bridge_row bridge_rows[] = {
    {"a good remote broker", "server", "localhost", true, CG_REASON_UNSET},
    {"by its address", "server", "127.0.0.1", true, CG_REASON_UNSET},
    {"without a name: by the address of the socket", "server", NULL, true, CG_REASON_UNSET},
    {"of an unknown CA", "strangeserver", "localhost", false, CG_REASON_UNSET},
    {"of another name", "otherhost", "localhost", false, CG_REASON_HOST_MISMATCH},
    {"of another name, by the address of the socket", "otherhost", NULL, false, CG_REASON_HOST_MISMATCH},
    {"a client's certificate", "good", "localhost", false, CG_REASON_WRONG_PURPOSE},
};

/* A handshake is checked against the snapshot that is ready when it begins. */
static void the_newest_snapshot_applies(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_3_VERSION, "good");
    shared_fixture.current = NULL; /* the one before refuses everybody */
    shared_fixture.ready = &shared_fixture.snapshot;
    assert_true(shake(server, client));
    assert_int_equal(shared_fixture.calls.accepted, 1);
    assert_int_equal(shared_fixture.calls.rejected, 0);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void bridges(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof bridge_rows / sizeof *bridge_rows; i++) {
        const struct bridge_row *row = &bridge_rows[i / 2];
        struct tls_link link;
        int version = versions[i % 2];
        memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
        SSL_CTX *remote = tls_peer_context(&shared_fixture, version, version, row->server);
        SSL_CTX *bridge = tls_bridge_context(&shared_fixture, "good");
        SSL_CTX_set_verify(remote, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        tls_connect(&link, remote, bridge);
        SSL_set_tlsext_host_name(link.client, row->host);
        tls_run(&link);
        print_message("   %s: %s, %s\n", row->sentence, cg_reason_row(shared_fixture.calls.last.reason)->code,
                      shared_fixture.calls.last.detail);
        assert_int_equal(link.server_done, row->accepted);
        assert_int_equal(shared_fixture.calls.rejected, !row->accepted);
        assert_int_equal(shared_fixture.calls.accepted, row->accepted);
        assert_int_equal(shared_fixture.calls.last.role, CG_ROLE_BRIDGE);
        if (row->accepted || row->reason)
            assert_int_equal(shared_fixture.calls.last.reason, row->reason);
        tls_disconnect(&link);
        assert_int_equal(shared_fixture.calls.ended, 1);
        assert_int_equal(shared_fixture.calls.rejected + shared_fixture.calls.accepted, 1);
        SSL_CTX_free(remote);
        SSL_CTX_free(bridge);
    }
}

/* In TLS 1.3 the bridge is done before the remote broker has looked at its certificate. */
static const struct refusal {
    const char *certificate; /* of the bridge; NULL: none */
    enum cg_reason reason[2];
    const char *fix; /* words of it */
} refusals[] = {
    {"stranger", {CG_REASON_PEER_UNTRUSTS_US, CG_REASON_PEER_UNTRUSTS_US}, "remote broker"},
    {"expired", {CG_REASON_PEER_SAYS_EXPIRED, CG_REASON_PEER_SAYS_EXPIRED}, "Renew the bridge's certificate"},
    {NULL, {CG_REASON_PEER_ALERT, CG_REASON_PEER_WANTS_CERTIFICATE}, "bridge_certfile"},
};

static void a_bridge_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *row = &refusals[i / 2];
        struct tls_link link;
        memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
        SSL_CTX *remote = tls_peer_context(&shared_fixture, versions[i % 2], versions[i % 2], "server");
        SSL_CTX *bridge = tls_bridge_context(&shared_fixture, row->certificate);
        SSL_CTX_set_verify(remote, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        tls_connect(&link, remote, bridge);
        tls_run(&link);
        tls_disconnect(&link);
        print_message("   %s: %s\n", cg_reason_row(shared_fixture.calls.last.reason)->code,
                      shared_fixture.calls.last.detail);
        assert_int_equal(shared_fixture.calls.rejected, 1);
        assert_int_equal(shared_fixture.calls.accepted, 0);
        assert_int_equal(shared_fixture.calls.last.reason, row->reason[i % 2]);
        const char *fix = shared_fixture.calls.last.fix ? shared_fixture.calls.last.fix
                                                        : cg_reason_row(shared_fixture.calls.last.reason)->fix;
        assert_non_null(strstr(fix, row->fix));
        SSL_CTX_free(remote);
        SSL_CTX_free(bridge);
    }
}

/* A remote broker that says nothing. */
static void a_bridge_stalls(void **state)
{
    (void)state;
    struct tls_link link;
    SSL_CTX *bridge = tls_bridge_context(&shared_fixture, "good");
    shared_fixture.policy->bridge_tls.handshake_timeout_ms = 10000;
    tls_connect(&link, NULL, bridge);
    tls_step(&link);
    assert_int_equal(cg_hook_tick(), 10000);
    shared_fixture.monotonic_ms += 10000;
    assert_int_equal(cg_hook_tick(), -1);
    assert_int_equal(shared_fixture.calls.rejected, 1);
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_HANDSHAKE_TIMEOUT);
    assert_int_equal(shared_fixture.calls.last.role, CG_ROLE_BRIDGE);
    tls_disconnect(&link);
    SSL_CTX_free(bridge);
}

/* A bridge may have a longer timeout than clients: it stays while later connections are aborted. */
static void deadlines_differ(void **state)
{
    (void)state;
    struct tls_link bridge, late[3];
    shared_fixture.policy->bridge_tls.handshake_timeout_ms = 10000;
    shared_fixture.policy->base.tls.handshake_timeout_ms = 1000;
    SSL_CTX *bridge_ctx = tls_bridge_context(&shared_fixture, NULL),
            *server = tls_broker_context(&shared_fixture, "server");
    tls_connect(&bridge, NULL, bridge_ctx);
    tls_step(&bridge);
    for (int i = 0; i < 3; i++)
        tls_connect(&late[i], server, NULL);
    assert_int_equal(cg_hook_tick(), 1000);
    shared_fixture.monotonic_ms += 2000;
    assert_int_equal(cg_hook_tick(), 8000);
    assert_int_equal(shared_fixture.calls.rejected, 3);
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_HANDSHAKE_TIMEOUT);
    assert_int_equal(shared_fixture.calls.last.role, CG_ROLE_LISTENER);
    shared_fixture.monotonic_ms += 8000;
    assert_int_equal(cg_hook_tick(), -1);
    assert_int_equal(shared_fixture.calls.rejected, 4);
    assert_int_equal(shared_fixture.calls.last.role, CG_ROLE_BRIDGE);
    for (int i = 0; i < 3; i++)
        tls_disconnect(&late[i]);
    tls_disconnect(&bridge);
    SSL_CTX_free(server);
    SSL_CTX_free(bridge_ctx);
}

static bool has_option(const struct tls_link *link, int option)
{
    int on = 0;
    socklen_t size = sizeof on;
    assert_int_equal(getsockopt(link->fd[0], IPPROTO_TCP, option, &on, &size), 0);
    return on;
}

/* Otherwise the end of the handshake delays the CONNECT or the CONNACK by about 40 ms. */
static void no_delay(void **state)
{
    (void)state;
    struct tls_link link;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    tls_connect(&link, server, client);
    assert_false(has_option(&link, TCP_NODELAY));
    tls_run(&link);
    assert_true(has_option(&link, TCP_NODELAY));
    assert_true(has_option(&link, TCP_QUICKACK));
    tls_disconnect(&link);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static unsigned psk_server(SSL *ssl, const char *identity, unsigned char *psk, unsigned max)
{
    (void)ssl, (void)max;
    memset(psk, 7, 16);
    return strcmp(identity, "dev") == 0 ? 16 : 0;
}

static unsigned psk_client(SSL *ssl, const char *fix, char *identity, unsigned max_identity, unsigned char *psk,
                           unsigned max)
{
    (void)ssl, (void)fix, (void)max;
    snprintf(identity, max_identity, "dev");
    memset(psk, 7, 16);
    return 16;
}

static void pre_shared_keys(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        int version = versions[i & 1];
        bool allowed = i & 2, has_certificate = i & 4;
        memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
        shared_fixture.policy->base.tls.psk_allowed = allowed;
        tls_new_snapshot(&shared_fixture);
        SSL_CTX *server = tls_broker_context(&shared_fixture, has_certificate ? "server" : NULL);
        SSL_CTX *client = tls_peer_context(&shared_fixture, version, version, NULL);
        SSL_CTX_set_psk_server_callback(server, psk_server);
        SSL_CTX_set_psk_client_callback(client, psk_client);
        assert_int_equal(SSL_CTX_set_cipher_list(server, "PSK"), 1);
        assert_int_equal(SSL_CTX_set_cipher_list(client, "PSK"), 1);
        /* the only digest of such keys: with a certificate at hand OpenSSL chooses the suite first */
        assert_int_equal(SSL_CTX_set_ciphersuites(client, "TLS_AES_128_GCM_SHA256"), 1);
        bool done = shake(server, client);
        print_message("   TLS %s, %s, %s: %s, %s\n", i & 1 ? "1.3" : "1.2", allowed ? "allowed" : "not allowed",
                      has_certificate ? "certificate" : "no certificate",
                      cg_reason_row(shared_fixture.calls.last.reason)->code, shared_fixture.calls.last.detail);
        assert_int_equal(done, allowed);
        assert_int_equal(shared_fixture.calls.accepted, allowed);
        assert_int_equal(shared_fixture.calls.rejected, !allowed);
        if (!allowed)
            assert_true(shared_fixture.calls.last.reason == CG_REASON_PSK_NOT_ALLOWED ||
                        (version == TLS1_3_VERSION && shared_fixture.calls.last.reason == CG_REASON_NO_CERTIFICATE));
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
}

/* A listener with pre-shared keys accepts no weak ciphers with them, unless the policy names some. */
static void ciphers_beside_pre_shared_keys(void **state)
{
    (void)state;
    static const struct {
        const char *list, *client;
        bool done;
    } rows[] = {
        {NULL, "ECDHE-PSK-CHACHA20-POLY1305", true}, {NULL, "DHE-PSK-AES128-GCM-SHA256", true},
        {NULL, "PSK-AES128-GCM-SHA256", false},      {NULL, "ECDHE-PSK-AES128-CBC-SHA256", false},
        {NULL, "ECDHE-ECDSA-AES128-SHA", false},     {"PSK-AES128-GCM-SHA256", "PSK-AES128-GCM-SHA256", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(&shared_fixture.calls, 0, sizeof shared_fixture.calls);
        shared_fixture.policy->base.tls.psk_allowed = true;
        shared_fixture.policy->base.tls.ciphers = rows[i].list;
        tls_new_snapshot(&shared_fixture);
        SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
        SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_2_VERSION, TLS1_2_VERSION, "good");
        SSL_CTX_set_dh_auto(server, 1); /* as Mosquitto does */
        SSL_CTX_set_psk_server_callback(server, psk_server);
        SSL_CTX_set_psk_client_callback(client, psk_client);
        assert_int_equal(SSL_CTX_set_cipher_list(client, rows[i].client), 1);
        bool done = shake(server, client);
        print_message("   %s: %s, %s\n", rows[i].client, cg_reason_row(shared_fixture.calls.last.reason)->code,
                      shared_fixture.calls.last.detail);
        assert_int_equal(done, rows[i].done);
        assert_true(done || shared_fixture.calls.last.reason == CG_REASON_NO_COMMON_CIPHER);
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
}

/* OpenSSL keeps the level of a list in the SSL_CTX: it must hold from the first connection on, and not outlive its
 * policy. */
static void a_security_level_ends_with_its_policy(void **state)
{
    (void)state;
    static const char *const lists[] = {NULL, "ECDHE+AESGCM:@SECLEVEL=1", NULL, "ECDHE+AESGCM:@SECLEVEL=3",
                                        "ECDHE+AESGCM"};
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    int usual = SSL_CTX_get_security_level(server);
    const int levels[] = {usual, 1, usual, 3, usual};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct tls_link link;
        shared_fixture.policy->base.tls.psk_allowed = false;
        shared_fixture.policy->base.tls.ciphers = lists[i];
        tls_new_snapshot(&shared_fixture);
        tls_connect(&link, server, client);
        tls_run(&link);
        assert_int_equal(SSL_get_security_level(link.server), levels[i]);
        assert_int_equal(SSL_CTX_get_security_level(server), levels[i]);
        tls_disconnect(&link);
    }
    shared_fixture.policy->base.tls.ciphers = NULL;
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* Tickets and session ids: nothing to resume, and what a client brings along is not taken. */
static void no_resumption(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    for (int i = 0; i < 2; i++) {
        SSL_CTX *client = tls_peer_context(&shared_fixture, versions[i], versions[i], "good");
        SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT);
        struct tls_link link;
        tls_connect(&link, server, client);
        tls_run(&link);
        assert_true(link.server_done && link.client_done);
        tls_talk(&link);
        SSL_SESSION *session = SSL_get1_session(link.client);
        assert_false(SSL_SESSION_has_ticket(session));
        SSL_shutdown(link.client);
        tls_disconnect(&link);
        tls_connect(&link, server, client);
        SSL_set_session(link.client, session);
        tls_run(&link);
        assert_true(link.server_done && !SSL_session_reused(link.server));
        tls_disconnect(&link);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
    assert_int_equal(shared_fixture.calls.accepted, 4);
    assert_int_equal(SSL_CTX_sess_number(server), 0);
    SSL_CTX_free(server);
}

/* The caller's error queue keeps its entries, and the hook adds none. */
static void the_error_queue(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    ERR_clear_error();
    struct tls_link link;
    tls_connect(&link, server, client);
    for (int i = 0; i < 6 && !link.server_done; i++) {
        (void)SSL_do_handshake(link.client);
        link.server_done = SSL_do_handshake(link.server) == 1;
        assert_int_equal(ERR_peek_error(), 0);
    }
    assert_true(link.server_done);
    tls_disconnect(&link);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    assert_true(cg_hook_install(&shared_fixture.handlers, NULL));
    cg_hook_remove();
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_self_test_works_at_any_time, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(installs_are_counted, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(removed_with_live_connections, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_context_at_the_same_address, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(foreign_contexts_are_ignored, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(other_threads_are_ignored, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(no_snapshot, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(no_snapshot_any_more, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_copy_of_a_pending_connection, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_newest_snapshot_applies, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(bridges, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_bridge_is_refused, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_bridge_stalls, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(deadlines_differ, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(no_delay, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(pre_shared_keys, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(ciphers_beside_pre_shared_keys, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_security_level_ends_with_its_policy, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(no_resumption, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_error_queue, tls_setup, tls_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
