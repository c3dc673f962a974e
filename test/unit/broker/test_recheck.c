/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A check of live connections that end before, during and after it. Also for the sanitizers, since the thread reads paths that
 * the connections own. */
#include "broker/session/recheck.h"

#include "broker/session/session.h"

#include "core/policy/policy_load.h"
#include "lib/pki_maker.h"
#include "tls/conn/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOW   INT64_C(1767225600)
#define CONNS 600

static struct cg_pki *pki;
static struct cg_snapshot old, fresh;
static struct cg_conn conn[CONNS];
static struct cg_session session[CONNS];
static SSL_CTX *ctx;
static SSL *ssl;

static struct cg_trust *trust_of(const char *anchors, const char *crl)
{
    struct cg_error err = {""};
    struct cg_trust *trust = cg_trust_new();
    char *pem = cg_pki_pem(pki, anchors), *list = cg_pki_pem(pki, crl);
    assert_true(cg_trust_add_anchors(trust, "anchors", pem, strlen(pem), &err));
    assert_true(cg_trust_add_crls(trust, "crl", list, strlen(list), &err));
    free(pem);
    free(list);
    return trust;
}

/* What the TLS layer does at the end of a connection. */
static void end(struct cg_conn *one)
{
    cg_conn_unlist(one);
    cg_recheck_forget(one);
    sk_X509_pop_free(one->path, X509_free);
    X509_free(one->peer_leaf);
    memset(one, 0x5a, sizeof *one);
}

static int start(void **unused)
{
    (void)unused;
    struct cg_error err = {""};
    pki = cg_pki_new(NOW);
    cg_pki_make(pki, "root: ca cn=root\ngood: issuer=root\nbad: issuer=root\nplain: issuer=root\n"
                     "crl1: crl issuer=root number=1\ncrl2: crl issuer=root number=2 revoke=bad");
    old.policy = fresh.policy = cg_policy_default("ca.pem", &err);
    old.trust = old.server_trust = old.bridge_trust = trust_of("root", "crl1");
    fresh.trust = fresh.server_trust = fresh.bridge_trust = trust_of("root", "crl2");
    atomic_init(&old.references, 1);
    atomic_init(&fresh.references, 1);
    ctx = SSL_CTX_new(TLS_server_method());
    ssl = SSL_new(ctx);
    memset(conn, 0, sizeof conn);
    memset(session, 0, sizeof session);
    for (int i = 0; i < CONNS; i++) { /* every third one has only a leaf */
        const char *name = i % 3 == 0 ? "plain" : i % 3 == 1 ? "good" : "bad";
        conn[i].ssl = ssl;
        conn[i].session = &session[i];
        conn[i].role = CG_ROLE_LISTENER;
        conn[i].state = CG_CONN_ESTABLISHED;
        conn[i].snapshot = &old;
        conn[i].peer_leaf = cg_pki_cert(pki, name);
        X509_up_ref(conn[i].peer_leaf);
        conn[i].path = i % 3 ? cg_pki_stack(pki, i % 3 == 1 ? "good root" : "bad root") : NULL;
        conn[i].signatures_hold = conn[i].path != NULL;
    }
    for (int i = CONNS; i > 0; i--)
        cg_conn_list(&conn[i - 1]);
    return 0;
}

static int finish(void **unused)
{
    (void)unused;
    while (cg_conn_first())
        cg_conn_unlist(cg_conn_first());
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    cg_trust_free(old.trust);
    cg_trust_free(fresh.trust);
    cg_policy_free(old.policy);
    cg_pki_free(pki);
    return 0;
}

static void wait_for(const struct cg_recheck *pass)
{
    const struct timespec time = {.tv_nsec = 1000000};
    while (!cg_recheck_is_done(pass))
        nanosleep(&time, NULL);
}

static void every_connection_gets_its_verdict(void **unused)
{
    (void)unused;
    struct cg_recheck *pass = cg_recheck_start(&fresh, NOW);
    const struct cg_recheck_result *result;
    int seen = 0;
    assert_non_null(pass);
    wait_for(pass);
    while ((result = cg_recheck_next(pass))) {
        enum cg_reason expected = (result->conn - conn) % 3 == 2 ? CG_REASON_REVOKED : CG_REASON_OK;
        assert_int_equal(result->reason, expected);
        seen++;
    }
    assert_int_equal(seen, CONNS);
    cg_recheck_free(pass);
    for (int i = 0; i < CONNS; i++)
        end(&conn[i]);
}

/* Accepted by a policy that only audits signatures. */
static void a_signature_that_was_audited_is_verified(void **unused)
{
    (void)unused;
    struct cg_verdict verdict;
    cg_pki_make(pki, "forged: issuer=root broken-signature");
    struct cg_conn one = {
        .role = CG_ROLE_LISTENER, .peer_leaf = cg_pki_cert(pki, "forged"), .path = cg_pki_stack(pki, "forged root")};
    cg_recheck_conn(&fresh, &one, NOW, &verdict);
    assert_int_equal(verdict.reason, CG_REASON_BAD_SIGNATURE);
    cg_verdict_clear(&verdict);
    sk_X509_pop_free(one.path, X509_free);
    for (int i = 0; i < CONNS; i++)
        end(&conn[i]);
}

static void connections_may_end_meanwhile(void **unused)
{
    (void)unused;
    struct cg_recheck *pass = cg_recheck_start(&fresh, NOW);
    const struct cg_recheck_result *result;
    int left = 0;
    assert_non_null(pass);
    for (int i = 0; i < CONNS; i += 2) /* while the thread runs */
        end(&conn[i]);
    wait_for(pass);
    for (int i = 1; i < CONNS; i += 4) /* while results wait */
        end(&conn[i]);
    while ((result = cg_recheck_next(pass))) {
        if (!result->conn)
            continue;
        assert_int_equal((result->conn - conn) % 4, 3);
        left++;
        end(result->conn); /* its result was taken */
    }
    assert_int_equal(left, CONNS / 4);
    cg_recheck_free(pass);
}

static void a_pass_can_be_canceled(void **unused)
{
    (void)unused;
    struct cg_recheck *pass = cg_recheck_start(&fresh, NOW);
    assert_non_null(pass);
    end(&conn[CONNS - 1]);
    cg_recheck_free(pass);
    for (int i = 0; i < CONNS - 1; i++) {
        assert_null(conn[i].session->recheck);
        end(&conn[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_connection_gets_its_verdict, start, finish),
        cmocka_unit_test_setup_teardown(a_signature_that_was_audited_is_verified, start, finish),
        cmocka_unit_test_setup_teardown(connections_may_end_meanwhile, start, finish),
        cmocka_unit_test_setup_teardown(a_pass_can_be_canceled, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
