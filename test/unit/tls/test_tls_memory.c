/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* No memory means deny: every allocation that the broker's side of a handshake makes is made to fail, one at a time,
 * for a client that must not get in. And what a live session costs. */
#include "tls_fixture.h"

#include "tls/conn/unclaimed.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static bool counting;
static long countdown; /* the allocation that fails; 0: none */

static bool fails(void)
{
    return counting && --countdown == 0;
}

static void *failing_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return fails() ? NULL : malloc(size);
}

static void *failing_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return fails() ? NULL : realloc(old, size);
}

static void plain_free(void *p, const char *file, int line)
{
    (void)file, (void)line;
    free(p);
}

/* True when the server's side was done. The failing allocation is on that side only. */
static bool shake(struct tls_fixture *fixture, int version, long nth, bool *failed)
{
    int fd[2];
    SSL_CTX *client_ctx = tls_peer_context(fixture, version, version, "expired");
    SSL *client = SSL_new(client_ctx), *server = NULL;
    bool done = false;
    tls_sockets(fd, 0);
    SSL_set_fd(client, fd[1]);
    SSL_set_connect_state(client);
    countdown = nth;
    for (int i = 0; i < 4 && !done; i++) {
        ERR_clear_error();
        (void)SSL_do_handshake(client);
        ERR_clear_error();
        counting = true;
        if (i == 0) {
            SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
            if (ctx)
                (void)SSL_CTX_use_cert_and_key(ctx, cg_pki_cert(fixture->pki, "server"),
                                               cg_pki_key(fixture->pki, "server"), NULL, 1);
            server = ctx ? SSL_new(ctx) : NULL;
            SSL_CTX_free(ctx);
            if (server) {
                (void)SSL_set_fd(server, fd[0]); /* as the broker, which does not look either */
                SSL_set_accept_state(server);
            }
        }
        done = server && SSL_do_handshake(server) == 1;
        counting = false;
        if (!server)
            break;
    }
    *failed = countdown <= 0;
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(client_ctx);
    close(fd[0]);
    close(fd[1]);
    return done;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    struct tls_fixture fixture;
    tls_fixture_open(&fixture);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        bool failed = true;
        long nth = 1;
        for (; failed; nth += nth < 400 ? 1 : 7) {
            fixture.calls.ended = 0;
            assert_false(shake(&fixture, version, nth, &failed));
            assert_int_equal(fixture.calls.accepted, 0);
            assert_true(fixture.calls.ended <= 1);
            assert_null(cg_hook_first());
        }
        print_message("   TLS %s: %ld allocations\n", version == TLS1_3_VERSION ? "1.3" : "1.2", nth);
        assert_int_equal(fixture.calls.last.reason, CG_REASON_EXPIRED); /* the last round had memory enough */
    }
    tls_fixture_close(&fixture);
}

/* The same for a client whose certificate expired since it got its ticket. */
static bool resume(SSL_CTX *server_ctx, SSL_CTX *client_ctx, const SSL_SESSION *session, long nth, bool *failed)
{
    struct tls_link link;
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    tls_connect(&link, NULL, client_ctx);
    SSL_set_session(link.client, copy);
    SSL_SESSION_free(copy);
    countdown = nth;
    bool done = false;
    SSL *server = NULL;
    for (int i = 0; i < 4 && !done; i++) {
        (void)SSL_do_handshake(link.client);
        ERR_clear_error();
        counting = true;
        if (i == 0 && (server = SSL_new(server_ctx)) != NULL && SSL_set_fd(server, link.fd[0]) == 1)
            SSL_set_accept_state(server);
        done = server && SSL_do_handshake(server) == 1;
        counting = false;
        ERR_clear_error();
        if (!server)
            break;
    }
    *failed = countdown <= 0;
    SSL_free(server);
    tls_disconnect(&link);
    return done;
}

static void a_ticket_without_memory(void **state)
{
    (void)state;
    struct tls_fixture fixture;
    struct tls_link link;
    tls_fixture_open(&fixture);
    fixture.policy->base.tls.resumption = CG_RESUMPTION_BOUND;
    SSL_CTX *server = tls_broker_context(&fixture, "server");
    int64_t start = fixture.now;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *client = tls_peer_context(&fixture, version, version, "good");
        fixture.now = start;
        tls_connect(&link, server, client);
        tls_run(&link);
        tls_talk(&link);
        SSL_SESSION *session = SSL_SESSION_dup(SSL_get0_session(link.client));
        assert_true(SSL_SESSION_has_ticket(session));
        tls_disconnect(&link);
        fixture.now += (int64_t)400 * 86400;
        fixture.calls.accepted = 0;
        bool failed = true;
        long nth = 1;
        for (; failed; nth += nth < 400 ? 1 : 7) {
            assert_false(resume(server, client, session, nth, &failed));
            assert_int_equal(fixture.calls.accepted, 0);
            assert_null(cg_hook_first());
        }
        print_message("   TLS %s: %ld allocations\n", version == TLS1_3_VERSION ? "1.3" : "1.2", nth);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
    SSL_CTX_free(server);
    tls_fixture_close(&fixture);
}

#define SESSIONS 200

/* Heap in use after that many sessions, their CONNECT handled, for one of them. */
static size_t session_bytes(struct tls_fixture *fixture, SSL_CTX *server, SSL_CTX *client)
{
    static struct tls_link links[SESSIONS];
    struct tls_link warm;
    tls_connect(&warm, server, client);
    for (int i = 0; i < 4; i++)
        tls_step(&warm);
    size_t before = mallinfo2().uordblks;
    for (int n = 0; n < SESSIONS; n++) {
        tls_connect(&links[n], server, client);
        for (int i = 0; i < 4; i++)
            tls_step(&links[n]);
        assert_true(links[n].server_done);
        if (cg_hook_first())
            cg_hook_connect_done(cg_hook_first());
    }
    size_t bytes = (mallinfo2().uordblks - before) / SESSIONS;
    for (int n = 0; n < SESSIONS; n++)
        tls_disconnect(&links[n]);
    tls_disconnect(&warm);
    (void)fixture;
    return bytes;
}

/* Against the same SSL_CTX without the hook, which checks the certificate with OpenSSL. */
static void memory_per_session(void **state)
{
    (void)state;
    struct tls_fixture fixture;
    tls_fixture_open(&fixture);
    SSL_CTX *client = tls_peer_context(&fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    SSL_CTX *plain = tls_peer_context(&fixture, TLS1_3_VERSION, TLS1_3_VERSION, "server");
    SSL_CTX_set_mode(plain, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(plain, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(plain, 0);
    SSL_CTX_set_session_cache_mode(plain, SSL_SESS_CACHE_OFF);
    SSL_CTX *hooked = tls_broker_context(&fixture, "server");
    size_t without = session_bytes(&fixture, plain, client), with = session_bytes(&fixture, hooked, client);
    print_message("   a session: %zu bytes on both sides without the hook, %zu with it: %ld more; record %zu\n",
                  without, with, (long)with - (long)without, sizeof(struct cg_conn));
    assert_true(with <= without + 1024);
    SSL_CTX_free(client);
    SSL_CTX_free(plain);
    SSL_CTX_free(hooked);
    tls_fixture_close(&fixture);
}

/* ---- the mark */

static X509 *certificate_of(const void *ssl)
{
    return SSL_get1_peer_certificate((const SSL *)ssl);
}

/* However a mark fails, it does not stay: the client is known or not, and never shows a certificate that is none.
 * Where the mark cannot be taken back the connection is over. */
static void a_mark_never_stays(void **state)
{
    (void)state;
    struct tls_fixture fixture;
    struct tls_link link;
    bool found = false, ended = false, failed = true;
    tls_fixture_open(&fixture);
    fixture.policy->base.client.certificate = CG_CERT_OPTIONAL;
    SSL_CTX *server = tls_broker_context(&fixture, "server");
    SSL_CTX *client = tls_peer_context(&fixture, TLS1_3_VERSION, TLS1_3_VERSION, NULL);
    for (long nth = 1; failed && nth < 2000; nth++) {
        tls_connect(&link, server, client);
        tls_run(&link);
        assert_true(link.server_done);
        struct cg_conn *conn = cg_hook_first();
        countdown = nth;
        counting = true;
        bool is = cg_hook_is_client(conn, certificate_of, link.server);
        counting = false;
        failed = countdown <= 0;
        bool marked = SSL_get0_peer_certificate(link.server) != NULL;
        bool over = SSL_get_shutdown(link.server) & SSL_RECEIVED_SHUTDOWN;
        assert_true(!marked || over);
        assert_true(is || failed);
        assert_false(is && over);
        found = found || is;
        ended = ended || over;
        tls_disconnect(&link);
        assert_int_equal(ERR_peek_error(), 0);
        ERR_clear_error();
    }
    assert_true(found && ended && !failed);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    tls_fixture_close(&fixture);
}

int main(void)
{
    if (!CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(a_mark_never_stays),
        cmocka_unit_test(a_ticket_without_memory),
        cmocka_unit_test(memory_per_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
