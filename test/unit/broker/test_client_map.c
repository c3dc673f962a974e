/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Client ids: who may use one, who certainly owns the broker's session of it, and which ids are removed. */
#include "broker/session/client_map.h"

#include "broker/session/session.h"

#include "lib/pki_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1750000000)

static struct cg_pki *pki;
static struct cg_client_map *map;
static const void *session_owner; /* the client that owns the session */
static struct cg_session sessions[1200];
static size_t nsessions; /* of the connections of one test */

static const void *client_of(const char *client_id)
{
    (void)client_id;
    return session_owner;
}

static int start(void **unused)
{
    (void)unused;
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "a: cn=a san=uri:urn:a\nb: cn=b san=uri:urn:b\n"
                     "a-renewed: cn=a san=uri:urn:a,dns:a.lan\na-bare: cn=a san=none\na-other: cn=a san=uri:urn:else\n"
                     "nameless: subject=/ san=uri:urn:n\nnameless-other: subject=/ san=uri:urn:m\n"
                     "nameless-bare: subject=/ san=none\n");
    memset(sessions, 0, sizeof sessions);
    nsessions = 0;
    map = cg_client_map_new(NULL);
    return map ? 0 : -1;
}

static int finish(void **unused)
{
    (void)unused;
    cg_client_map_free(map);
    cg_pki_free(pki);
    return 0;
}

static struct cg_claim *claim_as(struct cg_conn *conn, const char *client_id, const char *username)
{
    const struct cg_claim what = {.client = conn, .conn = conn};
    return cg_client_map_claim(map, &what, username, client_id);
}

static struct cg_claim *claim(struct cg_conn *conn, const char *client_id)
{
    return claim_as(conn, client_id, "");
}

static struct cg_claim *claim_plain(const void *client, const char *client_id)
{
    const struct cg_claim what = {.client = client};
    return cg_client_map_claim(map, &what, "", client_id);
}

static bool is_free(const char *client_id, const char *certificate)
{
    return cg_client_map_is_free(map, client_id, certificate ? cg_pki_cert(pki, certificate) : NULL, "");
}

static struct cg_conn conn_of(const char *certificate)
{
    return (struct cg_conn){.role = CG_ROLE_LISTENER,
                            .peer_leaf = certificate ? cg_pki_cert(pki, certificate) : NULL,
                            .session = &sessions[nsessions++]};
}

/* An id stays reserved for its holder, connected or not. */
static void an_id_is_free_only_for_its_holder(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of("a");
    assert_true(is_free("id", "b"));
    struct cg_claim *one = claim(&conn, "id");
    assert_string_equal(conn.session->client_id, "id");
    for (int i = 0; i < 3; i++) { /* pending, accepted, disconnected */
        assert_true(is_free("id", "a"));
        assert_false(is_free("id", "b"));
        assert_false(is_free("id", NULL));
        assert_true(is_free("other", "b"));
        if (i == 0)
            cg_client_map_poll(map);
        else if (i == 1)
            cg_client_map_release(map, one);
    }
    assert_null(conn.session->client_id);
    assert_int_equal(cg_client_map_idle(map), 1);
}

static void a_released_pending_claim_reserves_nothing(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of("a");
    cg_client_map_release(map, claim(&conn, "id"));
    assert_true(is_free("id", "b"));
    assert_int_equal(cg_client_map_idle(map), 0);
}

static void an_unanswered_authentication_reserves_nothing(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of("a");
    const struct cg_claim what = {.client = &conn, .conn = &conn, .extended = true};
    struct cg_claim *one = cg_client_map_claim(map, &what, "", "id");
    cg_client_map_poll(map);
    assert_false(one->accepted);
    assert_true(is_free("id", "b"));
    assert_true(cg_client_map_is_still_free(one));
    cg_client_map_continued(one); /* now the broker may have accepted it */
    assert_false(is_free("id", "b"));
    cg_client_map_release(map, one);
    assert_true(is_free("id", "b"));
}

/* Ended by client id, it could be the offline session of another client. */
static void an_unanswered_authentication_without_tls_is_no_session(void **unused)
{
    (void)unused;
    const struct cg_claim what = {.client = "c", .extended = true};
    struct cg_claim *one = cg_client_map_claim(map, &what, "", "id");
    cg_client_map_continued(one);
    cg_client_map_poll(map);
    assert_null(cg_client_map_first_plaintext(map));
    cg_client_map_release(map, one);
}

/* Another client connected before it answered. */
static void an_id_may_be_taken_before_the_answer(void **unused)
{
    (void)unused;
    struct cg_conn slow = conn_of("a"), quick = conn_of("b");
    const struct cg_claim what = {.client = &slow, .conn = &slow, .extended = true};
    struct cg_claim *one = cg_client_map_claim(map, &what, "", "id"), *two = claim(&quick, "id");
    cg_client_map_poll(map);
    assert_false(cg_client_map_is_still_free(one));
    cg_client_map_release(map, one);
    cg_client_map_release(map, two);
}

static void ids_without_a_certificate_have_no_holder(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of(NULL);
    struct cg_claim *one = claim(&conn, "id"), *plain = claim_plain("c", "plain");
    cg_client_map_poll(map);
    assert_true(is_free("id", "b") && is_free("id", NULL) && is_free("plain", "b") && is_free("plain", NULL));
    cg_client_map_release(map, one);
    cg_client_map_release(map, plain);
    assert_int_equal(cg_client_map_idle(map), 0);
}

static const struct {
    const char *sentence, *first, *first_name, *second, *second_name;
    bool same;
} holders[] = {
    {"the same certificate", "a", "", "a", "", true},
    {"renewed, with one more name", "a", "", "a-renewed", "", true},
    {"renewed, with the first name", "a-bare", "", "a", "", true},
    {"the same subject, and no name in common", "a", "", "a-other", "", false},
    {"another subject", "a", "", "b", "", false},
    {"no subject, the same name", "nameless", "", "nameless", "", true},
    {"no subject, another name", "nameless", "", "nameless-other", "", false},
    {"no subject, no name", "nameless-bare", "", "nameless-bare", "", false},
    {"the policy's name is the same", "a", "x", "b", "x", true},
    {"the policy's name is another", "a", "x", "a", "y", false},
    {"the policy takes names since then", "a", "", "a", "y", true},
    {"the policy takes names since then, and it is another", "a", "", "b", "y", false},
};

static void each_holder(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof holders / sizeof *holders; i++) {
        struct cg_holder *first = cg_holder_of(cg_pki_cert(pki, holders[i].first), holders[i].first_name);
        struct cg_holder *second = cg_holder_of(cg_pki_cert(pki, holders[i].second), holders[i].second_name);
        assert_true(first && second);
        if (cg_holder_same(first, second) != holders[i].same || cg_holder_same(second, first) != holders[i].same)
            fail_msg("%s", holders[i].sentence);
        cg_holder_free(first);
        cg_holder_free(second);
    }
}

/* If the rule is only audited, another identity can connect; the holder stays the same. */
static void the_first_holder_stays(void **unused)
{
    (void)unused;
    struct cg_conn one = conn_of("a"), two = conn_of("b");
    struct cg_claim *first = claim(&one, "id");
    cg_client_map_poll(map);
    cg_client_map_release(map, first);
    struct cg_claim *second = claim(&two, "id");
    cg_client_map_poll(map);
    cg_client_map_release(map, second);
    assert_true(is_free("id", "a"));
    assert_false(is_free("id", "b"));
}

static void a_session_is_owned_by_the_only_one_that_was_accepted(void **unused)
{
    (void)unused;
    struct cg_conn one = conn_of("a"), two = conn_of("a");
    struct cg_claim *first = claim(&one, "id");
    assert_false(cg_client_map_owns(map, first)); /* the broker may still refuse it */
    cg_client_map_poll(map);
    assert_true(cg_client_map_owns(map, first));
    struct cg_claim *second = claim(&two, "id"); /* may be a takeover */
    cg_client_map_poll(map);
    assert_false(cg_client_map_owns(map, first) || cg_client_map_owns(map, second));
    struct cg_conn three = conn_of("a");
    cg_client_map_release(map, first);
    assert_true(cg_client_map_owns(map, second));
    cg_client_map_release(map, claim(&three, "id")); /* it may have left a session */
    assert_false(cg_client_map_owns(map, second));
    cg_client_map_release(map, second);
}

static void a_broker_that_knows_the_owner_is_asked(void **unused)
{
    (void)unused;
    cg_client_map_free(map);
    map = cg_client_map_new(client_of);
    struct cg_conn one = conn_of("a"), two = conn_of("a");
    struct cg_claim *first = claim(&one, "id"), *second = claim(&two, "id");
    session_owner = &two;
    cg_client_map_poll(map);
    assert_false(second->accepted); /* reported by the broker */
    cg_client_map_accept(map, first);
    cg_client_map_accept(map, second);
    assert_false(cg_client_map_owns(map, first));
    assert_true(cg_client_map_owns(map, second));
    struct cg_claim *plain = claim_plain("c", "plain");
    assert_false(cg_client_map_owns_plaintext(map, plain));
    session_owner = "c";
    assert_true(cg_client_map_owns_plaintext(map, plain));
}

/* Mosquitto 2.0 does not report accepted websockets: the id is reserved while one is connected. */
static void a_websocket_reserves_its_id_while_connected(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of("a");
    const struct cg_claim what = {.client = &conn, .conn = &conn, .websocket = true, .authenticated = true};
    struct cg_claim *one = cg_client_map_claim(map, &what, "", "id");
    cg_client_map_poll(map);
    cg_client_map_first_read(map, one);
    assert_false(one->accepted || cg_client_map_owns(map, one));
    assert_false(is_free("id", "b"));
    cg_client_map_release(map, one);
    assert_true(is_free("id", "b"));
}

/* A client that disconnects before the next poll was accepted if the broker read from it again. */
static void a_connection_that_is_read_again_was_accepted(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of("a");
    struct cg_claim *one = claim(&conn, "id");
    cg_client_map_first_read(map, one);
    cg_client_map_first_read(map, NULL);
    cg_client_map_release(map, one);
    assert_false(is_free("id", "b"));
}

/* A holder keeps the names that a later certificate lacks. */
static void names_of_a_holder_are_kept(void **unused)
{
    (void)unused;
    const char *shown[] = {"a", "a-bare"};
    for (size_t i = 0; i < 2; i++) {
        struct cg_conn conn = conn_of(shown[i]);
        struct cg_claim *one = claim(&conn, "id");
        cg_client_map_poll(map);
        cg_client_map_release(map, one);
    }
    assert_true(is_free("id", "a"));
    assert_false(is_free("id", "a-other"));
}

/* The socket of a client without TLS is unknown: it is ended by client id only if no other client can have the id. */
static void a_plain_session_is_owned_if_all_are_plain(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of(NULL);
    struct cg_claim *plain = claim_plain("c", "id");
    cg_client_map_poll(map);
    assert_ptr_equal(cg_client_map_first_plaintext(map), plain);
    assert_true(cg_client_map_owns_plaintext(map, plain));
    struct cg_claim *other = claim_plain("d", "id");
    assert_true(cg_client_map_owns_plaintext(map, plain));
    cg_client_map_release(map, other);
    struct cg_claim *over_tls = claim(&conn, "id");
    assert_false(cg_client_map_owns_plaintext(map, plain));
    cg_client_map_release(map, over_tls);
    cg_client_map_set_ending(map, plain, true);
    assert_null(cg_client_map_first_plaintext(map));
    assert_ptr_equal(cg_client_map_first_ending(map), plain);
    assert_ptr_equal(cg_client_map_of_client(map, "c"), plain);
    cg_client_map_release(map, plain);
    assert_null(cg_client_map_first_ending(map));
    assert_null(cg_client_map_of_client(map, "c"));
}

static void a_connection_has_one_claim(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of("a");
    claim(&conn, "id");
    struct cg_claim *again = claim(&conn, "id");
    assert_int_equal(cg_client_map_claims(map), 1);
    assert_ptr_equal(conn.session->claim, again);
    assert_ptr_equal(cg_client_map_of_id(map, "id"), again);
    claim_plain("c", "x");
    claim_plain("c", "y"); /* another client at the same address in memory */
    assert_null(cg_client_map_of_id(map, "x"));
    cg_client_map_release(map, NULL);
}

static void authentication_by_certificate_is_stored(void **unused)
{
    (void)unused;
    struct cg_conn conn = conn_of("a");
    const struct cg_claim what = {.client = &conn, .conn = &conn, .authenticated = true};
    struct cg_claim *one = cg_client_map_claim(map, &what, "", "id");
    cg_client_map_poll(map);
    assert_true(cg_client_map_was_authenticated(map, "id"));
    cg_client_map_release(map, one);
    assert_true(cg_client_map_was_authenticated(map, "id"));
    assert_false(cg_client_map_was_authenticated(map, "other"));
}

static void one_certificate_one_client(void **unused)
{
    (void)unused;
    struct cg_conn one = conn_of("a");
    X509 *a = cg_pki_cert(pki, "a"), *b = cg_pki_cert(pki, "b");
    assert_null(cg_client_map_other_id(map, a, "x", false));
    struct cg_claim *first = claim(&one, "x");
    assert_string_equal(cg_client_map_other_id(map, a, "y", false), "x");
    assert_null(cg_client_map_other_id(map, a, "x", false));
    assert_null(cg_client_map_other_id(map, b, "y", false));
    cg_client_map_release(map, first);
    assert_null(cg_client_map_other_id(map, a, "y", false));
}

/* A renewal is a second session of the certificate. It is counted separately, and leaves the name's id alone. */
static void one_certificate_one_renewal(void **unused)
{
    (void)unused;
    struct cg_conn one = conn_of("a"), two = conn_of("a"), three = conn_of("a");
    X509 *a = cg_pki_cert(pki, "a");
    const struct cg_claim what = {.client = &two, .conn = &two, .renews = true};
    struct cg_claim *main = claim(&one, "a"), *renewal = cg_client_map_claim(map, &what, "a", "a~renew");
    cg_client_map_poll(map);
    assert_null(cg_client_map_other_id(map, a, "a", false));
    assert_string_equal(cg_client_map_other_id(map, a, "b~renew", true), "a~renew");
    assert_null(cg_client_map_other_id(map, a, "a~renew", true));
    assert_true(cg_client_map_owns(map, main));
    assert_true(cg_client_map_owns(map, renewal));
    cg_client_map_release(map, main);
    assert_null(cg_client_map_other_id(map, a, "b", false)); /* only the renewal is there */
    main = claim(&three, "a");
    cg_client_map_poll(map);
    assert_true(cg_client_map_owns(map, main));
    assert_false(cg_client_map_is_free(map, "a~renew", cg_pki_cert(pki, "b"), "b"));
}

static void use_once(const char *certificate, const char *client_id)
{
    struct cg_conn conn = conn_of(certificate);
    struct cg_claim *one = claim(&conn, client_id);
    assert_non_null(one);
    cg_client_map_poll(map);
    cg_client_map_release(map, one);
}

/* Random ids of one device displace only its own, oldest first. */
static void a_holder_keeps_few_idle_ids(void **unused)
{
    (void)unused;
    char id[32];
    use_once("b", "of-b");
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "random-%d", i);
        use_once("a", id);
    }
    assert_int_equal(cg_client_map_idle(map), CG_IDLE_BY_HOLDER + 1);
    assert_false(is_free("of-b", "a"));
    assert_true(is_free("random-0", "b"));
    assert_false(is_free("random-99", "b"));
    assert_false(is_free("random-84", "b"));
    assert_true(is_free("random-83", "b"));
}

static void many_claims_are_all_found_and_released(void **unused)
{
    (void)unused;
    enum { N = 1000 };
    static struct cg_conn conns[N];
    static struct cg_claim *claims[N];
    char id[32];
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "n%d", i);
        conns[i] = conn_of(i % 2 ? "a" : "b");
        claims[i] = claim(&conns[i], id);
    }
    cg_client_map_poll(map);
    assert_int_equal(cg_client_map_claims(map), N);
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "n%d", i);
        assert_ptr_equal(cg_client_map_of_id(map, id), claims[i]);
        assert_ptr_equal(cg_client_map_of_client(map, &conns[i]), claims[i]);
        cg_client_map_release(map, claims[i]);
    }
    assert_int_equal(cg_client_map_claims(map), 0);
    assert_int_equal(cg_client_map_idle(map), 2 * CG_IDLE_BY_HOLDER);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_id_is_free_only_for_its_holder),
        CASE(a_released_pending_claim_reserves_nothing),
        CASE(an_unanswered_authentication_reserves_nothing),
        CASE(an_unanswered_authentication_without_tls_is_no_session),
        CASE(an_id_may_be_taken_before_the_answer),
        CASE(ids_without_a_certificate_have_no_holder),
        CASE(each_holder),
        CASE(the_first_holder_stays),
        CASE(a_session_is_owned_by_the_only_one_that_was_accepted),
        CASE(a_broker_that_knows_the_owner_is_asked),
        CASE(a_websocket_reserves_its_id_while_connected),
        CASE(a_connection_that_is_read_again_was_accepted),
        CASE(names_of_a_holder_are_kept),
        CASE(a_plain_session_is_owned_if_all_are_plain),
        CASE(a_connection_has_one_claim),
        CASE(authentication_by_certificate_is_stored),
        CASE(one_certificate_one_client),
        CASE(one_certificate_one_renewal),
        CASE(a_holder_keeps_few_idle_ids),
        CASE(many_claims_are_all_found_and_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
