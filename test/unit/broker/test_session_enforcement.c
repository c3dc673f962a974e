/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Sessions end when their certificates expire, even if the wall clock jumps; a few per poll; by client id only if they certainly
 * own it. With "sessions": "report" they are only reported. */
#include "broker/session/session_enforcement.h"

#include "broker/session/session.h"

#include "core/policy/policy_load.h"
#include "lib/pki_maker.h"
#include "tls/conn/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNS 120
#define NOW   INT64_C(1750000000)

static struct fixture {
    struct cg_pki *pki;
    struct cg_snapshot snapshot;
    struct cg_reporter *reporter;
    struct cg_client_map *clients;
    struct cg_enforcement *enforcement;
    struct cg_conn conn[CONNS];
    struct cg_session session[CONNS];
    int reported; /* events of sessions that ended or are only reported */
    char last[900];
} w;

/* results */
static int kicked[CONNS], nkicked;
static bool last_will, kick_frees;
static int64_t kick_takes_ms;

/* Only kicks move the clock that measures the slices, so that slow machines give the same result. */
static int64_t ticks_ms;
int64_t __wrap_cg_clock_monotonic_ms(void); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int64_t __wrap_cg_clock_monotonic_ms(void)  /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
{
    return ticks_ms;
}

static int number_of(const char *client_id)
{
    return atoi(client_id + 1);
}

static void free_conn(struct cg_conn *conn)
{
    cg_enforcement_ended(w.enforcement, conn);
    cg_client_map_release(w.clients, conn->session->claim);
    cg_conn_unlist(conn);
    sk_X509_pop_free(conn->path, X509_free);
    cg_snapshot_free(conn->snapshot);
    if (conn->fd >= 0)
        close(conn->fd);
    memset(conn, 0x5a, sizeof *conn);
}

static void kick(const char *client_id, bool send_will)
{
    int i = number_of(client_id);
    kicked[i]++;
    nkicked++;
    last_will = send_will;
    ticks_ms += kick_takes_ms;
    struct cg_claim *plaintext = cg_client_map_of_id(w.clients, client_id);
    if (kick_frees && plaintext && !plaintext->conn)
        cg_client_map_release(w.clients, plaintext);
    else if (kick_frees)
        free_conn(&w.conn[i]);
}

static void broker_log(enum cg_level level, const char *text)
{
    (void)level;
    w.reported += strstr(text, "ended the session") || strstr(text, "would end the session");
    snprintf(w.last, sizeof w.last, "%s", text);
}

static struct cg_trust *trust_of(const char *anchors, const char *intermediates)
{
    struct cg_error err = {""};
    struct cg_trust *trust = cg_trust_new();
    char *pem = cg_pki_pem(w.pki, anchors), *more = cg_pki_pem(w.pki, intermediates);
    assert_true(cg_trust_add_anchors(trust, "anchors", pem, strlen(pem), &err));
    assert_true(cg_trust_add_intermediates(trust, "intermediates", more, strlen(more), &err));
    free(pem);
    free(more);
    return trust;
}

/* mqtt5 sessions with the certificate "dev", ids n0, n1, ... */
static int start(void **unused)
{
    (void)unused;
    struct cg_error err = {""};
    memset(&w, 0, sizeof w);
    memset(kicked, 0, sizeof kicked);
    nkicked = 0;
    kick_takes_ms = 0;
    kick_frees = true;
    w.pki = cg_pki_new(NOW);
    cg_pki_make(w.pki,
                "root: ca cn=root\ninter: ca issuer=root cn=inter secs=-60..500\ndev: issuer=root secs=-60..100\n"
                "long: issuer=root secs=-60..200\nbelow: issuer=inter\n");
    w.snapshot.policy = cg_policy_default("ca.pem", &err);
    w.snapshot.trust = w.snapshot.server_trust = w.snapshot.bridge_trust = trust_of("root", "inter");
    w.snapshot.number = 1;
    atomic_init(&w.snapshot.references, 1);
    w.reporter = cg_reporter_open(&w.snapshot.policy->log, broker_log, &err);
    w.clients = cg_client_map_new(NULL);
    const struct cg_enforcement_ops ops = {w.reporter, w.clients, kick};
    w.enforcement = cg_enforcement_new(&ops);
    for (int i = 0; i < CONNS; i++) {
        w.conn[i].role = CG_ROLE_LISTENER;
        w.conn[i].state = CG_CONN_ESTABLISHED;
        w.conn[i].fd = -1;
        w.conn[i].session = &w.session[i];
    }
    return w.enforcement ? 0 : -1;
}

static int finish(void **unused)
{
    (void)unused;
    while (cg_conn_first())
        free_conn(cg_conn_first());
    cg_enforcement_free(w.enforcement);
    cg_client_map_free(w.clients);
    cg_reporter_close(w.reporter);
    assert_int_equal(atomic_load(&w.snapshot.references), 1);
    cg_trust_free(w.snapshot.trust);
    cg_policy_free(w.snapshot.policy);
    cg_pki_free(w.pki);
    return 0;
}

/* An accepted session. */
static struct cg_conn *session(int i, const char *path, bool mqtt5)
{
    struct cg_conn *conn = &w.conn[i];
    char id[16];
    snprintf(id, sizeof id, "n%d", i);
    cg_conn_list(conn);
    conn->path = cg_pki_stack(w.pki, path);
    conn->peer_leaf = sk_X509_value(conn->path, 0);
    conn->snapshot = cg_snapshot_ref(&w.snapshot);
    conn->policy = &w.snapshot.policy->base;
    conn->not_after = strstr(path, "inter") ? NOW + 500 : strstr(path, "long") ? NOW + 200 : NOW + 100;
    cg_enforcement_accepted(w.enforcement, conn, &w.snapshot);
    const struct cg_claim what = {.client = conn, .conn = conn, .mqtt5 = mqtt5};
    assert_non_null(cg_client_map_claim(w.clients, &what, "", id));
    cg_client_map_poll(w.clients);
    return conn;
}

static int64_t poll_with(enum cg_plaintext_answer unknown, int64_t now)
{
    int64_t next = cg_enforcement_check(w.enforcement, &w.snapshot, unknown, now);
    int64_t end = cg_enforcement_end(w.enforcement);
    return end >= 0 && (next < 0 || end < next) ? end : next;
}

static int64_t poll_at(int64_t now)
{
    return poll_with(w.snapshot.policy->base.plain_allowed ? CG_PLAINTEXT_ALLOW : CG_PLAINTEXT_DENY, now);
}

static void each_session_ends_with_its_certificate(void **unused)
{
    (void)unused;
    assert_int_equal(poll_at(NOW), -1); /* nothing expires */
    session(0, "dev root", true);
    session(1, "long root", true);
    assert_int_equal(poll_at(NOW + 50), 51 * 1000);
    poll_at(NOW + 100); /* RFC 5280 4.1.2.5: valid through notAfter */
    assert_int_equal(nkicked, 0);
    poll_at(NOW + 101);
    assert_int_equal(kicked[0], 1);
    poll_at(NOW + 150);
    assert_int_equal(nkicked, 1);
    assert_int_equal(poll_at(NOW + 201), -1);
    assert_int_equal(kicked[1], 1);
    assert_true(last_will);
}

/* Whatever the policy does with sessions that it no longer accepts. */
static void a_renewal_ends_after_ten_minutes(void **unused)
{
    (void)unused;
    w.snapshot.policy->base.sessions = CG_SESSION_REPORT;
    session(0, "below inter root", true);
    cg_enforcement_limit(w.enforcement, session(1, "below inter root", true));
    ticks_ms += 1000;
    cg_enforcement_limit(w.enforcement, session(2, "below inter root", true));
    cg_enforcement_limit(w.enforcement, session(3, "below inter root", true));
    free_conn(&w.conn[3]); /* it has disconnected */
    ticks_ms += CG_RENEWS_FOR_MS - 1001;
    assert_int_equal(poll_at(NOW), 1);
    assert_int_equal(nkicked, 0);
    ticks_ms++;
    assert_int_equal(poll_at(NOW), 1000);
    assert_int_equal(kicked[1], 1);
    assert_non_null(strstr(w.last, "[session_limit]"));
    assert_non_null(strstr(w.last, "10 minutes"));
    cg_enforcement_mark(w.enforcement, &w.conn[2], &w.snapshot, "by an administrator");
    ticks_ms += 1000;
    poll_at(NOW);
    assert_int_equal(kicked[2], 1);
    assert_non_null(strstr(w.last, "[ended_by_admin]"));
    ticks_ms += CG_RENEWS_FOR_MS;
    poll_at(NOW);
    assert_int_equal(nkicked, 2);
}

static void a_clock_that_jumps_ends_only_expired_sessions(void **unused)
{
    (void)unused;
    session(0, "dev root", true);
    session(1, "long root", true);
    poll_at(NOW + 90);
    poll_at(NOW - 50); /* set back */
    assert_int_equal(nkicked, 0);
    poll_at(NOW + 150); /* set forward */
    assert_int_equal(kicked[0], 1);
    assert_int_equal(nkicked, 1);
    poll_at(NOW + 90);
    poll_at(NOW + 201);
    assert_int_equal(kicked[1], 1);
}

static void many_end_in_slices_without_a_pause(void **unused)
{
    (void)unused;
    for (int i = 0; i < CONNS; i++)
        session(i, "dev root", true);
    kick_takes_ms = 2;
    int64_t next = poll_at(NOW + 101);
    assert_int_equal(nkicked, 3); /* 6 ms: the third goes past the slice's end */
    assert_int_equal(next, 1);
    for (int i = 0; i < CONNS && nkicked < CONNS; i++)
        next = poll_at(NOW + 101);
    assert_int_equal(nkicked, CONNS);
    for (int i = 0; i < CONNS; i++)
        assert_int_equal(kicked[i], 1);
    assert_int_equal(poll_at(NOW + 101), -1);
}

static void each_change_is_counted(void **unused)
{
    (void)unused;
    uint64_t before = cg_enforcement_changes(w.enforcement);
    session(0, "dev root", true);
    session(1, "long root", true);
    assert_int_equal(cg_enforcement_changes(w.enforcement), before + 2);
    poll_at(NOW + 50);
    assert_int_equal(cg_enforcement_changes(w.enforcement), before + 2);
    poll_at(NOW + 101);
    assert_int_equal(cg_enforcement_changes(w.enforcement), before + 4); /* one is marked, and freed */
}

/* The newest record is the head of the list. Code that keeps a pointer to it would read freed memory. */
static void a_kick_may_free_any_record(void **unused)
{
    (void)unused;
    for (int i = 0; i < 3; i++)
        session(i, i == 1 ? "long root" : "dev root", true);
    poll_at(NOW + 101);
    assert_int_equal(nkicked, 2);
    assert_ptr_equal(cg_conn_first(), &w.conn[1]);
    assert_null(w.conn[1].next);
}

static void the_ca_that_expired_is_named(void **unused)
{
    (void)unused;
    session(0, "below inter root", true);
    poll_at(NOW + 501);
    assert_int_equal(kicked[0], 1);
    assert_non_null(strstr(w.last, "[ca_expired]"));
    assert_non_null(strstr(w.last, "CN=inter"));
}

static void with_sessions_report_no_session_is_ended(void **unused)
{
    (void)unused;
    w.snapshot.policy->base.sessions = CG_SESSION_REPORT;
    for (int i = 0; i < 3; i++)
        session(i, "dev root", true);
    poll_at(NOW + 101);
    poll_at(NOW + 102);
    assert_int_equal(nkicked, 0);
    assert_int_equal(w.reported, 3);
    w.snapshot.policy->base.sessions = CG_SESSION_END; /* that session was reported already */
    poll_at(NOW + 103);
    assert_int_equal(nkicked, 0);
    assert_int_equal(w.reported, 3);
}

static bool is_shut_down(int far)
{
    char byte;
    return recv(far, &byte, 1, MSG_DONTWAIT) == 0;
}

/* By client id only for a DISCONNECT with MQTT 5, or to withhold the will. */
static void others_are_shut_down(void **unused)
{
    (void)unused;
    static const struct {
        bool mqtt5, send_will, second, kicked;
    } rows[] = {{false, true, false, false},
                {false, false, false, true},
                {true, true, false, true},
                {true, true, true, false}, /* another client claims the id and may own the session now */
                {false, false, true, false}};
    for (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++) {
        int fd[2];
        char id[16];
        struct cg_session others = {.client_id = NULL};
        struct cg_conn other = {.fd = -1, .session = &others};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        w.snapshot.policy->base.send_will = rows[i].send_will;
        struct cg_conn *conn = session(i, "dev root", rows[i].mqtt5);
        conn->fd = fd[0];
        snprintf(id, sizeof id, "n%d", i);
        const struct cg_claim what = {.client = &other, .conn = &other, .extended = true};
        struct cg_claim *second = rows[i].second ? cg_client_map_claim(w.clients, &what, "", id) : NULL;
        poll_at(NOW + 101);
        assert_int_equal(kicked[i], rows[i].kicked);
        if (rows[i].kicked)
            assert_int_equal(last_will, rows[i].send_will);
        else
            assert_true(is_shut_down(fd[1]));
        cg_client_map_release(w.clients, second);
        if (!rows[i].kicked)
            free_conn(conn);
        close(fd[1]);
    }
}

static void a_session_that_a_kick_does_not_end_is_shut_down(void **unused)
{
    (void)unused;
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    session(0, "dev root", true)->fd = fd[0];
    kick_frees = false;
    assert_int_equal(poll_at(NOW + 101), 1);
    assert_int_equal(kicked[0], 1);
    assert_false(is_shut_down(fd[1]));
    poll_at(NOW + 101);
    assert_true(is_shut_down(fd[1]));
    assert_int_equal(kicked[0], 1);
    assert_int_equal(w.reported, 1);
    assert_int_equal(poll_at(NOW + 102), -1);
    close(fd[1]);
}

static void an_administrator_ends_any_session(void **unused)
{
    (void)unused;
    w.snapshot.policy->base.sessions = CG_SESSION_REPORT;
    struct cg_conn *conn = session(0, "dev root", true);
    cg_enforcement_mark(w.enforcement, conn, &w.snapshot, "Ended by somebody");
    cg_enforcement_mark(w.enforcement, conn, &w.snapshot, "Ended twice");
    assert_int_equal(nkicked, 0); /* a mark frees nothing */
    poll_at(NOW);
    assert_int_equal(kicked[0], 1);
    assert_int_equal(w.reported, 1);
}

/* ---- a new snapshot */

static void run_pass(int64_t now)
{
    const struct timespec time = {.tv_nsec = 2000000};
    w.snapshot.number++;
    cg_enforcement_on_snapshot(w.enforcement);
    for (int i = 0; i < 20000; i++) { /* the pass has its own thread */
        poll_at(now);
        nanosleep(&time, NULL);
        const struct cg_conn *first = cg_conn_first();
        if (!first || (first->snapshot == &w.snapshot && !first->session->recheck && i > 20))
            return;
    }
}

static struct cg_snapshot old_snapshot(void)
{
    struct cg_snapshot old = w.snapshot;
    atomic_init(&old.references, 1000); /* never freed */
    return old;
}

static void set_snapshot(struct cg_conn *conn, struct cg_snapshot *old)
{
    cg_snapshot_free(conn->snapshot);
    conn->snapshot = cg_snapshot_ref(old);
}

/* The end of a session is the one of the new snapshot. */
static void a_new_snapshot_can_change_the_end(void **unused)
{
    (void)unused;
    struct cg_snapshot old = old_snapshot();
    struct cg_conn *conn = session(0, "dev root", true);
    set_snapshot(conn, &old);
    w.snapshot.policy->base.client.clock_skew = 50;
    run_pass(NOW);
    assert_int_equal(conn->not_after, NOW + 150);
    poll_at(NOW + 149);
    assert_int_equal(nkicked, 0);
    poll_at(NOW + 151);
    assert_int_equal(nkicked, 1);
}

/* The handshake began with an older snapshot: the session is checked without another reload. */
static void a_session_of_an_older_snapshot_is_checked_again(void **unused)
{
    (void)unused;
    struct cg_snapshot old = old_snapshot();
    struct cg_conn *conn = session(0, "dev root", true);
    set_snapshot(conn, &old);
    w.snapshot.policy->base.client.max_lifetime = 10;
    cg_enforcement_accepted(w.enforcement, conn, &w.snapshot);
    const struct timespec time = {.tv_nsec = 2000000};
    for (int i = 0; i < 20000 && nkicked == 0; i++) {
        poll_at(NOW);
        nanosleep(&time, NULL);
    }
    assert_int_equal(nkicked, 1);
    assert_non_null(strstr(w.last, "[lifetime_too_long]"));
}

static void identity_and_client_id_are_checked_again(void **unused)
{
    (void)unused;
    struct cg_snapshot old = old_snapshot();
    set_snapshot(session(0, "dev root", true), &old);
    w.snapshot.policy->base.identity = (struct cg_identity_policy){.username = CG_IDENTITY_CN};
    run_pass(NOW);
    assert_int_equal(nkicked, 0);
    old = old_snapshot();
    set_snapshot(cg_conn_first(), &old);
    w.snapshot.policy->base.identity.client_id = CG_CLIENT_ID_EQUAL; /* its id is n0, its name is dev */
    run_pass(NOW);
    assert_int_equal(nkicked, 1);
    assert_non_null(strstr(w.last, "[client_id_mismatch]"));
}

/* A client without TLS, known only by its id. */
static struct cg_claim *plain_session(int i, uint16_t port)
{
    char id[16];
    snprintf(id, sizeof id, "n%d", i);
    const struct cg_claim what = {.client = &w.conn[i]};
    struct cg_claim *claim = cg_client_map_claim(w.clients, &what, "", id);
    claim->plain[0] = (struct cg_plain_client){.port = port, .peer = "127.0.0.1"};
    cg_client_map_poll(w.clients);
    return claim;
}

static void plain_sessions_end_when_the_policy_no_longer_allows_them(void **unused)
{
    (void)unused;
    w.snapshot.policy->base.plain_allowed = true;
    plain_session(0, 0);
    plain_session(1, 1883);
    poll_at(NOW);
    assert_int_equal(nkicked, 0);
    w.snapshot.policy->base.plain_allowed = false;
    poll_at(NOW);
    assert_int_equal(nkicked, 0); /* each is checked once per snapshot */
    w.snapshot.number++;
    w.snapshot.policy->base.sessions = CG_SESSION_REPORT;
    poll_at(NOW);
    assert_int_equal(nkicked, 0);
    assert_int_equal(w.reported, 2);
    w.snapshot.number++;
    poll_at(NOW);
    assert_int_equal(w.reported, 2);
    w.snapshot.number++;
    w.snapshot.policy->base.sessions = CG_SESSION_END;
    w.snapshot.policy->base.send_will = false;
    poll_at(NOW);
    assert_int_equal(nkicked, 2);
    assert_false(last_will);
    assert_int_equal(w.reported, 4);
    assert_int_equal(cg_client_map_claims(w.clients), 0);
}

/* No client is ended until it is known which listeners use TLS. Clients that connect meanwhile are then checked too. */
static void plain_sessions_wait_until_the_listeners_are_known(void **unused)
{
    (void)unused;
    plain_session(0, 0);
    poll_with(CG_PLAINTEXT_PROBING, NOW);
    assert_int_equal(nkicked, 0);
    poll_with(CG_PLAINTEXT_ALLOW, NOW);
    assert_int_equal(nkicked, 0);
    w.snapshot.number++;
    poll_with(CG_PLAINTEXT_PROBING, NOW);
    assert_int_equal(nkicked, 0);
    plain_session(1, 0);
    poll_with(CG_PLAINTEXT_DIFFERS, NOW);
    assert_int_equal(nkicked, 2);
}

static void a_session_waits_while_others_may_have_its_id(void **unused)
{
    (void)unused;
    plain_session(0, 0);
    struct cg_conn *over_tls = session(0, "dev root", true);
    assert_int_equal(cg_client_map_claims(w.clients), 2);
    int64_t next = poll_at(NOW);
    assert_true(next >= 2 && next <= 1000);
    assert_int_equal(nkicked, 0);
    kick_frees = true;
    free_conn(over_tls);
    poll_at(NOW);
    assert_int_equal(nkicked, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_session_ends_with_its_certificate),
        CASE(a_renewal_ends_after_ten_minutes),
        CASE(a_clock_that_jumps_ends_only_expired_sessions),
        CASE(many_end_in_slices_without_a_pause),
        CASE(each_change_is_counted),
        CASE(a_kick_may_free_any_record),
        CASE(the_ca_that_expired_is_named),
        CASE(with_sessions_report_no_session_is_ended),
        CASE(others_are_shut_down),
        CASE(a_session_that_a_kick_does_not_end_is_shut_down),
        CASE(an_administrator_ends_any_session),
        CASE(a_new_snapshot_can_change_the_end),
        CASE(a_session_of_an_older_snapshot_is_checked_again),
        CASE(identity_and_client_id_are_checked_again),
        CASE(plain_sessions_end_when_the_policy_no_longer_allows_them),
        CASE(plain_sessions_wait_until_the_listeners_are_known),
        CASE(a_session_waits_while_others_may_have_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
