/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Session tickets where the policy says "bound", in TLS 1.2 and 1.3: what is resumed, and what is not. A ticket that
 * is not used must lead to a full handshake, which accepts a valid client and refuses an invalid one. */
#include "tls_fixture.h"

#include "core/base/datetime.h"
#include "tls/conn/record.h"
#include "tls/openssl/tickets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tls_fixture fixture;
static SSL_CTX *server, *client;

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static int open_world(void **state)
{
    (void)state;
    tls_fixture_open(&fixture);
    fixture.policy->base.tls.resumption = CG_RESUMPTION_BOUND;
    tls_new_snapshot(&fixture);
    server = tls_broker_context(&fixture, "server");
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    SSL_CTX_free(server);
    tls_fixture_close(&fixture);
    return 0;
}

static SSL_CTX *peer(int version, const char *certificate)
{
    SSL_CTX *ctx = tls_peer_context(&fixture, version, version, certificate);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
    return ctx;
}

/* One connection, which offers the session unless it is NULL. Returns its last session, which the caller owns. */
static SSL_SESSION *visit(SSL_SESSION *offer, bool *in, bool *resumed)
{
    struct tls_link link;
    SSL_SESSION *session = NULL;
    memset(&fixture.calls, 0, sizeof fixture.calls);
    tls_connect(&link, server, client);
    SSL_SESSION *copy = offer ? SSL_SESSION_dup(offer) : NULL; /* OpenSSL gives one up after an alert */
    if (copy)
        SSL_set_session(link.client, copy);
    SSL_SESSION_free(copy);
    tls_run(&link);
    *in = link.server_done && link.client_done && fixture.calls.accepted == 1;
    *resumed = *in && SSL_session_reused(link.server);
    assert_int_equal(*resumed, *in && fixture.calls.last.resumed);
    if (*in) {
        tls_talk(&link);
        session = SSL_SESSION_dup(SSL_get0_session(link.client));
        SSL_shutdown(link.client);
    }
    tls_disconnect(&link);
    assert_int_equal(fixture.calls.accepted + fixture.calls.rejected, 1);
    return session;
}

static SSL_SESSION *ticket(void)
{
    bool in, resumed;
    SSL_SESSION *session = visit(NULL, &in, &resumed);
    assert_true(in && !resumed && SSL_SESSION_has_ticket(session));
    return session;
}

enum outcome { REFUSED, FULL, RESUMED };

static enum outcome comes_back(SSL_SESSION *session)
{
    bool in, resumed;
    SSL_SESSION_free(visit(session, &in, &resumed));
    return resumed ? RESUMED : in ? FULL : REFUSED;
}

static void a_session_is_resumed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool in, resumed;
        client = peer(versions[i], "good");
        SSL_SESSION *first = ticket();
        int64_t not_after = fixture.calls.last.not_after;
        assert_true(SSL_SESSION_get_ticket_lifetime_hint(first) <= 2 * CG_TICKET_KEY_MS / 1000);
        SSL_SESSION *second = visit(first, &in, &resumed);
        assert_true(in && resumed);
        assert_true(fixture.calls.last.has_peer_leaf && fixture.calls.last.has_path && fixture.calls.last.has_verdict);
        assert_true(not_after > fixture.now && not_after != CG_TIME_NO_END &&
                    fixture.calls.last.not_after == not_after);
        assert_int_equal(comes_back(second), RESUMED);
        assert_int_equal(SSL_CTX_sess_number(server), 0);
        SSL_SESSION_free(first);
        SSL_SESSION_free(second);
        SSL_CTX_free(client);
    }
}

/* The policy's default, and a listener on which it was switched off meanwhile. */
static void off(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fixture.policy->base.tls.resumption = CG_RESUMPTION_BOUND;
        tls_new_snapshot(&fixture);
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        fixture.policy->base.tls.resumption = CG_RESUMPTION_OFF;
        tls_new_snapshot(&fixture);
        bool in, resumed;
        SSL_SESSION *next = visit(session, &in, &resumed);
        assert_true(in && !resumed && !SSL_SESSION_has_ticket(next));
        SSL_SESSION_free(session);
        SSL_SESSION_free(next);
        SSL_CTX_free(client);
    }
}

/* Anyone could replay early data: no ticket allows it, whatever the SSL_CTX says, and none is read. */
static void no_early_data(void **state)
{
    (void)state;
    struct tls_link link;
    size_t written = 0;
    SSL_CTX_set_max_early_data(server, 16384);
    client = peer(TLS1_3_VERSION, "good");
    SSL_SESSION *session = ticket();
    assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
    SSL_SESSION *liar = SSL_SESSION_dup(session);
    assert_int_equal(SSL_SESSION_set_max_early_data(liar, 16384), 1);
    tls_connect(&link, server, client);
    SSL_set_session(link.client, liar);
    assert_int_equal(SSL_write_early_data(link.client, "early", 5, &written), 1);
    tls_run(&link);
    assert_true(link.server_done && link.client_done);
    assert_int_equal(SSL_get_early_data_status(link.client), SSL_EARLY_DATA_REJECTED);
    tls_talk(&link); /* what the server reads first is what was sent now */
    tls_disconnect(&link);
    SSL_SESSION_free(liar);
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
}

static void another_snapshot(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        tls_new_snapshot(&fixture);
        assert_int_equal(comes_back(session), FULL);
        /* the number alone, with the keys still there: the first handshake of the new snapshot is this one */
        SSL_SESSION *newer = ticket();
        assert_int_equal(comes_back(newer), RESUMED);
        assert_int_equal(comes_back(session), FULL);
        SSL_SESSION_free(session);
        SSL_SESSION_free(newer);
        SSL_CTX_free(client);
    }
}

/* Each SSL_CTX has its own keys: no other accepts the tickets of a listener or of a re-created SSL_CTX. */
static void another_context(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        SSL_CTX_free(server);
        server = tls_broker_context(&fixture, "server");
        assert_int_equal(comes_back(session), FULL);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

static void expiry(void **state)
{
    (void)state;
    int64_t start = fixture.now;
    for (int i = 0; i < 2; i++) {
        fixture.now = start;
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        fixture.now = fixture.calls.last.not_after - 10;
        assert_int_equal(comes_back(session), RESUMED);
        SSL_SESSION *late = ticket();
        assert_true(SSL_SESSION_get_ticket_lifetime_hint(late) <= 10);
        fixture.now += 11;
        assert_int_equal(comes_back(session), REFUSED);
        assert_int_equal(fixture.calls.last.reason, CG_REASON_EXPIRED);
        SSL_SESSION_free(session);
        SSL_SESSION_free(late);
        SSL_CTX_free(client);
    }
}

/* A rule that fails without a new snapshot, for a reason other than expiry. */
static void no_longer_accepted(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        fixture.policy->base.client.min_remaining = (int64_t)366 * 86400;
        assert_int_equal(comes_back(session), REFUSED);
        fixture.policy->base.client.min_remaining = 0;
        assert_int_equal(comes_back(session), RESUMED);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

static void keys_are_dropped(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool in, resumed;
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        fixture.monotonic_ms += CG_TICKET_KEY_MS; /* the key makes no tickets any more, but opens them */
        SSL_SESSION *renewed = visit(session, &in, &resumed);
        assert_true(resumed);
        fixture.monotonic_ms += CG_TICKET_KEY_MS; /* the first one is gone */
        cg_hook_tick();
        assert_int_equal(comes_back(session), FULL);
        assert_int_equal(comes_back(renewed), RESUMED);
        fixture.monotonic_ms += 2 * CG_TICKET_KEY_MS; /* nothing happened for long */
        assert_int_equal(comes_back(renewed), FULL);
        SSL_SESSION_free(session);
        SSL_SESSION_free(renewed);
        SSL_CTX_free(client);
    }
}

/* However often it is renewed, after a day the client shows its certificate again. */
static void proof_of_possession(void **state)
{
    (void)state;
    client = peer(TLS1_3_VERSION, "good");
    SSL_SESSION *session = ticket();
    for (int half_hours = 1; half_hours <= 48; half_hours++) {
        bool in, resumed;
        fixture.monotonic_ms += CG_TICKET_KEY_MS / 2;
        SSL_SESSION *next = visit(session, &in, &resumed);
        assert_true(in);
        assert_int_equal(resumed, half_hours < 48);
        SSL_SESSION_free(session);
        session = next;
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(client);
}

/* The session with bit 0 of one octet of its ticket flipped, or NULL past its end. */
static SSL_SESSION *flipped(SSL_SESSION *session, size_t at)
{
    const unsigned char *bytes;
    size_t len;
    unsigned char *der = NULL;
    SSL_SESSION_get0_ticket(session, &bytes, &len);
    if (at >= len)
        return NULL;
    int der_len = i2d_SSL_SESSION(session, &der);
    unsigned char *place = memmem(der, (size_t)der_len, bytes, len);
    assert_non_null(place);
    place[at] ^= 1;
    const unsigned char *p = der;
    SSL_SESSION *copy = d2i_SSL_SESSION(NULL, &p, der_len);
    OPENSSL_free(der);
    assert_non_null(copy);
    return copy;
}

/* name, IV and some of everything behind: a ticket with a wrong bit anywhere is invalid, and its client is asked */
static void forged(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket(), *bad;
        size_t tried = 0;
        for (size_t at = 0; (bad = flipped(session, at)); at += at < 40 ? 1 : 5, tried++) {
            assert_int_equal(comes_back(bad), FULL);
            SSL_SESSION_free(bad);
        }
        print_message("   TLS %s: %zu places\n", i ? "1.3" : "1.2", tried);
        assert_true(tried > 100);
        assert_int_equal(comes_back(session), RESUMED);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

#define ISSUERS_MAX 32 /* as tickets.c has it */

/* Tickets refer to the chains above their leaves by number. One chain more than there is room for: full handshakes. */
static void more_issuers_than_room(void **state)
{
    (void)state;
    SSL_SESSION *first = NULL;
    for (int i = 0; i <= ISSUERS_MAX; i++) {
        char recipe[100], name[20], sub[20];
        snprintf(sub, sizeof sub, "sub%d", i);
        snprintf(name, sizeof name, "below%d", i);
        snprintf(recipe, sizeof recipe, "%s: ca issuer=ca\n%s: issuer=%s", sub, name, sub);
        cg_pki_make(fixture.pki, recipe);
        client = peer(TLS1_3_VERSION, name);
        assert_int_equal(SSL_CTX_add1_chain_cert(client, cg_pki_cert(fixture.pki, sub)), 1);
        SSL_SESSION *session = ticket();
        assert_int_equal(comes_back(session), i < ISSUERS_MAX ? RESUMED : FULL);
        if (first) {
            assert_int_equal(comes_back(first), RESUMED);
            SSL_SESSION_free(session);
        } else {
            first = session;
        }
        SSL_CTX_free(client);
    }
    SSL_SESSION_free(first);
}

#define TRIED_MAX 4 /* as resumption.c has it */

/* OpenSSL's client offers one ticket, others may offer hundreds: only the first few are tried. */
static void more_tickets_than_are_tried(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        unsigned tried = i & 1 ? TRIED_MAX : TRIED_MAX - 1;
        struct tls_link link;
        client = peer(versions[i / 2], "good");
        SSL_SESSION *session = ticket();
        tls_connect(&link, server, client);
        SSL_set_session(link.client, session);
        SSL_do_handshake(link.server); /* waits for the hello */
        cg_hook_first()->private->tickets_tried = tried;
        tls_run(&link);
        assert_true(link.server_done);
        assert_int_equal(SSL_session_reused(link.server), tried < TRIED_MAX);
        tls_disconnect(&link);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

/* A ticket identifies an earlier client; the full handshake after it identifies the current one. */
static void a_ticket_and_another_certificate(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket(), *bad = flipped(session, 20);
        SSL_CTX_free(client);
        client = peer(versions[i], "stranger");
        assert_int_equal(comes_back(bad), REFUSED);
        SSL_SESSION_free(session);
        SSL_SESSION_free(bad);
        SSL_CTX_free(client);
    }
}

/* The ticket is good, and OpenSSL still does not take it: in TLS 1.3 the suite's digest is another one. Nothing of the
 * ticket may be left in the record. */
static void valid_but_not_used(void **state)
{
    (void)state;
    fixture.policy->base.client.certificate = CG_CERT_OPTIONAL;
    tls_new_snapshot(&fixture);
    for (int with_certificate = 0; with_certificate < 2; with_certificate++) {
        client = peer(TLS1_3_VERSION, "good");
        SSL_CTX_set_ciphersuites(client, "TLS_AES_128_GCM_SHA256");
        SSL_SESSION *session = ticket();
        SSL_CTX_free(client);
        client = peer(TLS1_3_VERSION, with_certificate ? "good" : NULL);
        SSL_CTX_set_ciphersuites(client, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
        assert_int_equal(comes_back(session), FULL);
        assert_int_equal(fixture.calls.last.has_peer_leaf, with_certificate);
        assert_int_equal(fixture.calls.last.has_path, with_certificate);
        assert_int_equal(fixture.calls.last.not_after != CG_TIME_NO_END, with_certificate);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

/* Without a verified certificate, a ticket cannot be bound to anything. */
static void no_certificate(void **state)
{
    (void)state;
    fixture.policy->base.client.certificate = CG_CERT_OPTIONAL;
    tls_new_snapshot(&fixture);
    for (int i = 0; i < 2; i++) {
        bool in, resumed;
        client = peer(versions[i], NULL);
        SSL_SESSION *session = visit(NULL, &in, &resumed);
        assert_true(in);
        assert_int_equal(comes_back(session), FULL);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

/* A certificate that is untrusted, which is only audited, has no path and gets no valid ticket. */
static void only_audited(void **state)
{
    (void)state;
    fixture.policy->base.client.mode[CG_REASON_UNTRUSTED] = CG_AUDIT;
    fixture.policy->base.client.mode[CG_REASON_BAD_SIGNATURE] = CG_AUDIT;
    tls_new_snapshot(&fixture);
    for (int i = 0; i < 2; i++) {
        bool in, resumed;
        client = peer(versions[i], "stranger");
        SSL_SESSION *session = visit(NULL, &in, &resumed);
        assert_true(in);
        assert_int_equal(comes_back(session), FULL);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

/* A resumed handshake does not send the broker's certificate, but it must still pass the policy. */
static void our_own_credential_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        fixture.policy->base.server.min_remaining = (int64_t)366 * 86400;
        fixture.now += 60; /* the verdict on it is not kept for ever */
        assert_int_equal(comes_back(session), REFUSED);
        assert_int_equal(fixture.calls.last.reason, CG_REASON_CREDENTIAL_INVALID);
        fixture.policy->base.server.min_remaining = 0;
        fixture.now += 60;
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

/* Without a policy or hook, a ticket is refused too. */
static void no_snapshot(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        fixture.current = NULL;
        assert_int_equal(comes_back(session), REFUSED);
        fixture.current = &fixture.snapshot;
        assert_int_equal(comes_back(session), RESUMED);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
    }
}

static void no_hook(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        client = peer(versions[i], "good");
        SSL_SESSION *session = ticket();
        cg_hook_remove();
        struct tls_link link;
        tls_connect(&link, server, client);
        SSL_set_session(link.client, session);
        tls_run(&link);
        assert_false(link.server_done);
        tls_disconnect(&link);
        SSL_SESSION_free(session);
        SSL_CTX_free(client);
        assert_true(cg_hook_install(&fixture.handlers, NULL));
        SSL_CTX_free(server);
        server = tls_broker_context(&fixture, "server");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_is_resumed, open_world, close_world),
        cmocka_unit_test_setup_teardown(off, open_world, close_world),
        cmocka_unit_test_setup_teardown(no_early_data, open_world, close_world),
        cmocka_unit_test_setup_teardown(another_snapshot, open_world, close_world),
        cmocka_unit_test_setup_teardown(another_context, open_world, close_world),
        cmocka_unit_test_setup_teardown(expiry, open_world, close_world),
        cmocka_unit_test_setup_teardown(no_longer_accepted, open_world, close_world),
        cmocka_unit_test_setup_teardown(keys_are_dropped, open_world, close_world),
        cmocka_unit_test_setup_teardown(proof_of_possession, open_world, close_world),
        cmocka_unit_test_setup_teardown(forged, open_world, close_world),
        cmocka_unit_test_setup_teardown(more_issuers_than_room, open_world, close_world),
        cmocka_unit_test_setup_teardown(more_tickets_than_are_tried, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_ticket_and_another_certificate, open_world, close_world),
        cmocka_unit_test_setup_teardown(valid_but_not_used, open_world, close_world),
        cmocka_unit_test_setup_teardown(no_certificate, open_world, close_world),
        cmocka_unit_test_setup_teardown(only_audited, open_world, close_world),
        cmocka_unit_test_setup_teardown(our_own_credential_is_refused, open_world, close_world),
        cmocka_unit_test_setup_teardown(no_snapshot, open_world, close_world),
        cmocka_unit_test_setup_teardown(no_hook, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
