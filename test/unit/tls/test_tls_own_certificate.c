/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The broker's own certificate: what a scan finds, what ends the broker at startup, and what is served meanwhile. */
#include "tls/credential/own_certificate.h"
#include "tls/credential/own_scan.h"

#include "core/cert/name.h"
#include "tls/credential/preflight.h"
#include "tls_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* ---- results of a scan */

static struct {
    struct cg_own_state state[16];
    size_t count;
} seen;

static void see(void *argument, const struct cg_own_state *state)
{
    assert_null(argument);
    assert_true(seen.count < 16);
    seen.state[seen.count++] = *state;
}

/* Of this port, one that is refused, else one that is served; zeros for none. */
static struct cg_own_state look(uint16_t port)
{
    struct cg_own_state found = {.certificate = NULL};
    seen.count = 0;
    assert_true(cg_own_scan(shared_fixture.current, see, NULL));
    for (size_t i = 0; i < seen.count; i++)
        if (seen.state[i].port == port && (!found.certificate || found.reason == CG_REASON_OK))
            found = seen.state[i];
    return found;
}

/* Whether something is reported for the listener of this port, although its SSL_CTX is unknown. */
static bool has_listener(uint16_t port)
{
    bool has = false;
    (void)look(port);
    for (size_t i = 0; i < seen.count; i++)
        has = has || (seen.state[i].kind == CG_OWN_LISTENER && seen.state[i].port == port);
    return has;
}

static size_t refused(void)
{
    size_t count = 0;
    (void)look(0);
    for (size_t i = 0; i < seen.count; i++)
        count += seen.state[i].reason != CG_REASON_OK;
    return count;
}

static bool is_hopeless(const char *words)
{
    struct cg_own_state own;
    bool hopeless = cg_own_is_unusable(shared_fixture.current, &own);
    assert_true(!hopeless || strstr(cg_reason_row(own.reason)->code, words));
    return hopeless;
}

static void the_brokers_own_certificate(void **state)
{
    (void)state;
    assert_false(is_hopeless("")); /* no SSL_CTX */
    assert_null(look(0).certificate);
    SSL_CTX *good = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *bridge = tls_bridge_context(&shared_fixture, "good");
    SSL_CTX *psk = tls_broker_context(&shared_fixture, NULL);
    assert_false(is_hopeless(""));
    assert_int_equal(look(0).reason, CG_REASON_OK);
    SSL_CTX *bad = tls_broker_context(&shared_fixture, "strangeserver");
    assert_true(is_hopeless("untrusted"));
    assert_int_equal(look(0).reason, CG_REASON_UNTRUSTED); /* one of two that the same rules hold for */
    tls_serve_policy_credential(&shared_fixture, "server");
    assert_false(is_hopeless("")); /* it is not served */
    SSL_CTX_free(good);
    SSL_CTX_free(bad);
    SSL_CTX_free(psk);
    SSL_CTX_free(bridge);
}

/* A certificate that becomes valid with time does not end the broker, unless it has another fault. */
static void the_own_certificate_at_a_wrong_clock(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    struct cg_own_state own;
    shared_fixture.policy->base.client.mode[CG_REASON_NOT_YET_VALID] = CG_OFF;
    shared_fixture.policy->base.client.mode[CG_REASON_CA_NOT_YET_VALID] = CG_OFF;
    int64_t now = shared_fixture.now;
    shared_fixture.now = 10; /* of a machine that keeps no time */
    assert_false(is_hopeless(""));
    own = look(0);
    assert_int_equal(own.reason, CG_REASON_NOT_YET_VALID);
    assert_true(own.of_time);
    assert_false(shake(server, client));
    shared_fixture.policy->base.server.rsa_min_bits = shared_fixture.policy->base.server.key_algorithms = 0;
    assert_true(is_hopeless("key_algorithm"));
    assert_false(look(0).of_time);
    shared_fixture.policy->base.server.key_algorithms = shared_fixture.policy->base.client.key_algorithms;
    shared_fixture.now = now;
    assert_int_equal(look(0).reason, CG_REASON_OK);
    assert_true(shake(server, client));
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* A listener whose own rules refuse what another one accepts. */
static void the_own_certificate_of_each_listener(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server"),
            *more = tls_broker_context(&shared_fixture, "server");
    struct cg_listener_policy listeners[2] = {shared_fixture.policy->base, shared_fixture.policy->base};
    listeners[0].port = 1;
    listeners[1].port = 2;
    listeners[1].server.key_algorithms = 0;
    shared_fixture.policy->listeners = listeners;
    shared_fixture.policy->nlisteners = 2;
    assert_false(is_hopeless(""));
    assert_int_equal(look(0).reason, CG_REASON_OK);
    assert_false(has_listener(0)); /* both are named ones' */
    assert_int_equal(look(1).reason, CG_REASON_OK);
    assert_int_equal(look(2).reason, CG_REASON_KEY_ALGORITHM);
    assert_int_equal(look(2).port, 2);
    listeners[1].plain_allowed = true; /* it is one without TLS */
    assert_null(look(2).certificate);
    assert_int_equal(look(0).reason, CG_REASON_OK);
    assert_true(has_listener(0));
    shared_fixture.policy->base.plain_allowed = true; /* it says what all the others say */
    assert_int_equal(look(2).reason, CG_REASON_KEY_ALGORITHM);
    shared_fixture.policy->base.plain_allowed = false;
    listeners[1].plain_allowed = false;
    listeners[0].server.key_algorithms = 0; /* what is not named does not save them */
    assert_int_equal(look(0).reason, CG_REASON_KEY_ALGORITHM);
    assert_false(has_listener(1)); /* reported for the SSL_CTX that all refuse */
    SSL_CTX *third = tls_broker_context(&shared_fixture, "server");
    assert_int_equal(look(0).reason, CG_REASON_OK);
    assert_int_equal(look(1).reason, CG_REASON_KEY_ALGORITHM);
    assert_int_equal(look(2).reason, CG_REASON_KEY_ALGORITHM);
    shared_fixture.policy->listeners = NULL;
    shared_fixture.policy->nlisteners = 0;
    SSL_CTX_free(server);
    SSL_CTX_free(more);
    SSL_CTX_free(third);
}

/* The policy's credential, loaded before it is valid: refused until then, and checked in each handshake. */
static void a_held_credential(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "strangeserver");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    tls_serve_policy_credential(&shared_fixture, "server");
    cg_credential_hold(&shared_fixture.credential);
    shared_fixture.policy->base.client.mode[CG_REASON_NOT_YET_VALID] = CG_OFF;
    shared_fixture.policy->base.client.mode[CG_REASON_CA_NOT_YET_VALID] = CG_OFF;
    int64_t now = shared_fixture.now;
    shared_fixture.now = 10;
    assert_false(shake(server, client));
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_CREDENTIAL_INVALID);
    assert_non_null(strstr(shared_fixture.calls.last.detail, "not_yet_valid"));
    assert_true(look(0).of_time);
    shared_fixture.now = now;
    assert_int_equal(look(0).reason, CG_REASON_OK);
    assert_true(shake(server, client));
    shared_fixture.now = 10;
    assert_false(shake(server, client));
    cg_credential_release(&shared_fixture.credential); /* in use: served on, whatever comes */
    assert_true(shake(server, client));
    assert_int_equal(look(0).reason, CG_REASON_OK);
    assert_int_equal(look(0).until, INT64_MAX);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* Expires while the broker runs: found by the handshakes, not only at the start. */
static void the_own_certificate_expires(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    shared_fixture.policy->base.client.mode[CG_REASON_EXPIRED] = CG_OFF;
    assert_true(shake(server, client));
    shared_fixture.now += 400LL * 86400;
    assert_false(shake(server, client));
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_CREDENTIAL_INVALID);
    assert_non_null(strstr(shared_fixture.calls.last.detail, "expired"));
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* Reported in the second in which it ends. */
static void how_long_a_result_is_valid(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    int64_t not_after = 0;
    assert_true(cg_time_seconds(X509_get0_notAfter(SSL_CTX_get0_certificate(server)), &not_after));
    assert_int_equal(look(0).until, not_after);
    shared_fixture.policy->base.server.min_remaining = 600;
    assert_int_equal(look(0).until, not_after - 600);
    shared_fixture.now = not_after - 600;
    assert_int_equal(look(0).reason, CG_REASON_OK);
    shared_fixture.now++;
    assert_int_equal(look(0).reason, CG_REASON_TOO_LITTLE_LIFE_LEFT);
    SSL_CTX_free(server);
}

/* A CRL ends it too. */
static void how_long_a_crl_keeps_it_valid(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    cg_pki_make(shared_fixture.pki, "list: crl issuer=ca number=1 days=-1..7");
    char *pem = cg_pki_pem(shared_fixture.pki, "list");
    assert_true(cg_trust_add_crls(shared_fixture.trust, "list", pem, strlen(pem), NULL));
    free(pem);
    shared_fixture.policy->base.server.crl_grace = 60;
    int64_t until = shared_fixture.now + 7LL * 86400 + 60;
    assert_int_equal(look(0).until, until);
    shared_fixture.now = until;
    assert_int_equal(look(0).reason, CG_REASON_OK);
    shared_fixture.now++;
    assert_int_equal(look(0).reason, CG_REASON_CRL_EXPIRED);
    SSL_CTX_free(server);
}

/* The policy changes to another CA. */
static void the_own_certificate_and_other_trust(void **state)
{
    (void)state;
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "stranger");
    struct cg_trust *before = shared_fixture.snapshot.server_trust, *other = cg_trust_new();
    char *pem = cg_pki_pem(shared_fixture.pki, "otherca");
    assert_true(cg_trust_add_anchors(other, "other", pem, strlen(pem), NULL));
    shared_fixture.snapshot.server_trust = other;
    tls_new_snapshot(&shared_fixture);
    assert_int_equal(look(0).reason, CG_REASON_UNTRUSTED);
    assert_false(look(0).of_time);
    assert_false(shake(server, client));
    assert_int_equal(shared_fixture.calls.last.reason, CG_REASON_CREDENTIAL_INVALID);
    shared_fixture.snapshot.server_trust = before;
    tls_new_snapshot(&shared_fixture);
    assert_int_equal(look(0).reason, CG_REASON_OK);
    cg_trust_free(other);
    free(pem);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static void ciphers_for_the_brokers_own_certificate(void **state)
{
    (void)state;
    struct cg_error err = {""};
    SSL_CTX *server = tls_broker_context(&shared_fixture, "server");
    shared_fixture.policy->base.tls.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"; /* its key is P-256 */
    tls_new_snapshot(&shared_fixture);
    struct cg_own_state own;
    assert_true(cg_own_is_unusable(shared_fixture.current, &own));
    assert_int_equal(own.reason, CG_REASON_POLICY_INVALID);
    assert_non_null(strstr(own.detail, "$.tls.ciphers"));
    assert_non_null(strstr(own.detail, "add ECDHE-ECDSA ciphers"));
    (void)look(0);
    assert_false(cg_preflight.policy(shared_fixture.policy, &err)); /* at a reload too */
    shared_fixture.policy->base.tls.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    assert_true(cg_preflight.policy(shared_fixture.policy, &err));
    tls_new_snapshot(&shared_fixture);
    assert_false(is_hopeless(""));
    shared_fixture.policy->base.tls.ciphers = NULL;
    SSL_CTX_free(server);
    (void)look(0);
}

/* Each certificate is checked separately: a refused one does not hide another. */
static void two_certificates_of_one_listener(void **state)
{
    (void)state;
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    SSL_CTX *good = tls_broker_context(&shared_fixture, "server");
    SSL_CTX *bad = tls_broker_context(&shared_fixture, "strangeserver"),
            *same = tls_broker_context(&shared_fixture, "strangeserver");
    assert_int_equal(refused(), 2);
    SSL_CTX *worse = tls_broker_context(&shared_fixture, "stranger");
    for (int i = 0; i < 2; i++) {
        uint64_t learned = cg_own_ports_learned();
        assert_int_equal(refused(), 3);
        assert_int_equal(seen.count, 4); /* one an SSL_CTX, the newest first */
        assert_memory_equal(seen.state[1].digest, seen.state[2].digest, CG_OWN_DIGEST);
        assert_memory_not_equal(seen.state[0].digest, seen.state[1].digest, CG_OWN_DIGEST);
        assert_true(seen.state[0].id != seen.state[1].id && seen.state[1].id != seen.state[2].id);
        assert_int_equal(seen.state[3].port_known, i);
        (void)shake(bad, client); /* from then on the port of that one is known */
        (void)shake(good, client);
        assert_int_equal(cg_own_ports_learned(), learned + (i ? 0 : 2));
    }
    SSL_CTX_free(worse);
    assert_int_equal(refused(), 2);
    SSL_CTX_free(bad);
    assert_int_equal(refused(), 1);
    SSL_CTX_free(same);
    assert_int_equal(refused(), 0);
    SSL_CTX_free(good);
    SSL_CTX_free(client);
}

/* The same certificate with and without its intermediate: the chain belongs to it. */
static void the_same_certificate_without_its_chain(void **state)
{
    (void)state;
    cg_pki_make(shared_fixture.pki, "between: ca issuer=ca\nbelow: server issuer=between");
    SSL_CTX *whole = tls_broker_context(&shared_fixture, "below"),
            *alone = tls_broker_context(&shared_fixture, "below");
    assert_int_equal(SSL_CTX_add1_chain_cert(whole, cg_pki_cert(shared_fixture.pki, "between")), 1);
    assert_int_equal(refused(), 1);
    assert_int_equal(seen.state[0].reason, CG_REASON_UNTRUSTED); /* the newest comes first */
    assert_int_equal(seen.state[1].reason, CG_REASON_OK);
    assert_memory_not_equal(seen.state[0].digest, seen.state[1].digest, CG_OWN_DIGEST);
    SSL_CTX_free(whole);
    SSL_CTX_free(alone);
}

/* Handshakes with it are refused on every listener. */
static void one_that_all_listeners_refuse(void **state)
{
    (void)state;
    struct cg_listener_policy listeners[2] = {shared_fixture.policy->base, shared_fixture.policy->base};
    SSL_CTX *good = tls_broker_context(&shared_fixture, "server"),
            *bad = tls_broker_context(&shared_fixture, "strangeserver");
    listeners[0].port = 1;
    listeners[1].port = 2;
    shared_fixture.policy->listeners = listeners;
    shared_fixture.policy->nlisteners = 2;
    assert_int_equal(refused(), 1);
    assert_int_equal(look(0).reason, CG_REASON_UNTRUSTED);
    assert_ptr_equal(look(0).certificate, SSL_CTX_get0_certificate(bad));
    assert_int_equal(look(1).reason, CG_REASON_OK);
    shared_fixture.policy->nlisteners = 1; /* the other one may be of a listener that is not named */
    assert_int_equal(refused(), 1);
    assert_int_equal(look(0).reason, CG_REASON_UNTRUSTED);
    shared_fixture.policy->listeners = NULL;
    shared_fixture.policy->nlisteners = 0;
    SSL_CTX_free(good);
    SSL_CTX_free(bad);
}

/* Two listeners whose ports are not known yet, and two certificates, of which one has an RSA key and 20 days. */
static void listeners_with_unknown_ports(void **state)
{
    (void)state;
    struct cg_listener_policy listeners[2] = {shared_fixture.policy->base, shared_fixture.policy->base};
    cg_pki_make(shared_fixture.pki, "rsa: server issuer=ca key=rsa2048 days=-1..20");
    SSL_CTX *good = tls_broker_context(&shared_fixture, "server"), *rsa = tls_broker_context(&shared_fixture, "rsa");
    shared_fixture.policy->listeners = listeners;
    shared_fixture.policy->nlisteners = 2;
    for (int strict = 0; strict < 2; strict++) {
        struct cg_profile *first = &listeners[strict].server, *second = &listeners[1 - strict].server;
        listeners[0] = listeners[1] = shared_fixture.policy->base;
        listeners[0].port = 1;
        listeners[1].port = 2;
        first->key_algorithms = CG_KEY_EC_P256;
        assert_int_equal(refused(), 0); /* it may be the other one's, whichever is asked last */
        assert_int_equal(seen.count, 4);
        second->min_remaining = 30LL * 86400;
        assert_int_equal(refused(), 1); /* by both: the first one's reason stands for all */
        assert_int_equal(look(0).reason, strict == 0 ? CG_REASON_KEY_ALGORITHM : CG_REASON_TOO_LITTLE_LIFE_LEFT);
    }
    shared_fixture.policy->listeners = NULL;
    shared_fixture.policy->nlisteners = 0;
    SSL_CTX_free(good);
    SSL_CTX_free(rsa);
}

/* An SSL_CTX with a known port belongs to that listener alone. */
static void a_known_port_belongs_to_one_listener(void **state)
{
    (void)state;
    struct cg_listener_policy listeners[2] = {shared_fixture.policy->base, shared_fixture.policy->base};
    SSL_CTX *client = tls_peer_context(&shared_fixture, TLS1_3_VERSION, TLS1_3_VERSION, "good");
    SSL_CTX *good = tls_broker_context(&shared_fixture, "server");
    assert_true(shake(good, client));
    SSL_CTX *bad = tls_broker_context(&shared_fixture, "strangeserver"),
            *worse = tls_broker_context(&shared_fixture, "stranger");
    listeners[0].port = 1;
    listeners[1].port = 2;
    shared_fixture.policy->listeners = listeners;
    shared_fixture.policy->nlisteners = 2;
    assert_int_equal(look(0).reason, CG_REASON_UNTRUSTED);
    assert_int_equal(refused(), 2); /* whichever of the two a listener has, it has none that is good */
    assert_int_equal(seen.count, 3);
    shared_fixture.policy->listeners = NULL;
    shared_fixture.policy->nlisteners = 0;
    SSL_CTX_free(good);
    SSL_CTX_free(bad);
    SSL_CTX_free(worse);
    SSL_CTX_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_brokers_own_certificate, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_own_certificate_at_a_wrong_clock, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_own_certificate_of_each_listener, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_held_credential, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_own_certificate_expires, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_own_certificate_and_other_trust, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(ciphers_for_the_brokers_own_certificate, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(how_long_a_result_is_valid, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(how_long_a_crl_keeps_it_valid, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(a_known_port_belongs_to_one_listener, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(listeners_with_unknown_ports, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(two_certificates_of_one_listener, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(the_same_certificate_without_its_chain, tls_setup, tls_teardown),
        cmocka_unit_test_setup_teardown(one_that_all_listeners_refuse, tls_setup, tls_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
