/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Control requests: the sender's right, checked again before each step, and the receiver of the answer. */
#include "broker/control/control.h"

#include "broker/control/control_request.h"
#include "broker/session/session.h"

#include "core/cert/list.h"
#include "core/policy/policy_load.h"
#include "lib/pki_maker.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct cg_pki *pki;
static struct cg_control_ops ops;
static struct cg_control *control;
static struct cg_snapshot snapshot;
static struct cg_conn conn;
static struct cg_session session;
static struct cg_claim *claim;
static unsigned char admin_sha256[EVP_MAX_MD_SIZE];
static struct cg_certificate_match admin = {.sha256 = admin_sha256};

static int answers, denials;
static char answered_to[64], answer[2000], denied[900];

static void publish(const char *client_id, const char *topic, const char *payload)
{
    assert_string_equal(topic, CG_CONTROL_TOPIC "/response");
    answers++;
    snprintf(answered_to, sizeof answered_to, "%s", client_id);
    snprintf(answer, sizeof answer, "%s", payload);
}

static void broker_log(enum cg_level level, const char *text)
{
    (void)level;
    denials += strstr(text, "[not_an_admin]") != NULL;
    snprintf(denied, sizeof denied, "%s", text);
}

static int start(void **unused)
{
    (void)unused;
    struct cg_error err = {""};
    memset(&snapshot, 0, sizeof snapshot);
    memset(&conn, 0, sizeof conn);
    memset(&session, 0, sizeof session);
    conn.session = &session;
    answers = denials = 0;
    pki = cg_pki_new(time(NULL));
    cg_pki_make(pki, "ca: ca cn=ca\nadmin: issuer=ca cn=admin\n");
    snapshot.policy = cg_policy_default("ca.pem", &err);
    snapshot.trust = snapshot.server_trust = snapshot.bridge_trust = cg_trust_new();
    atomic_init(&snapshot.references, 1);
    char *pem = cg_pki_pem(pki, "ca");
    assert_true(cg_trust_add_anchors(snapshot.trust, "ca", pem, strlen(pem), &err));
    free(pem);
    assert_int_equal(X509_digest(cg_pki_cert(pki, "admin"), EVP_sha256(), admin_sha256, NULL), 1);
    snapshot.policy->admin = (struct cg_certificate_list){.item = &admin, .count = 1};
    cg_list_sort(&snapshot.policy->admin);
    ops.reporter = cg_reporter_open(&snapshot.policy->log, broker_log, &err);
    ops.clients = cg_client_map_new(NULL);
    const struct cg_enforcement_ops enforcement = {ops.reporter, ops.clients, NULL};
    ops.enforcement = cg_enforcement_new(&enforcement);
    ops.publish = publish;
    control = cg_control_new(&ops);
    conn.role = CG_ROLE_LISTENER;
    conn.state = CG_CONN_ESTABLISHED;
    conn.fd = -1;
    conn.peer_leaf = cg_pki_cert(pki, "admin");
    conn.path = cg_pki_stack(pki, "admin ca");
    const struct cg_claim what = {.client = &conn, .conn = &conn};
    claim = cg_client_map_claim(ops.clients, &what, "", "boss");
    cg_client_map_poll(ops.clients);
    return 0;
}

static int finish(void **unused)
{
    (void)unused;
    cg_enforcement_ended(ops.enforcement, &conn);
    cg_control_free(control);
    cg_enforcement_free(ops.enforcement);
    cg_client_map_free(ops.clients);
    cg_reporter_close(ops.reporter);
    snapshot.policy->admin = (struct cg_certificate_list){.item = NULL};
    cg_policy_free(snapshot.policy);
    cg_trust_free(snapshot.trust);
    sk_X509_pop_free(conn.path, X509_free);
    cg_pki_free(pki);
    return 0;
}

static enum cg_control_result ask(const char *text)
{
    const struct cg_control_request request = {
        .conn = &conn, .client_id = "boss", .payload = text, .len = strlen(text)};
    return cg_control_receive(control, &snapshot, &request);
}

/* Polls as the broker's loop does. */
static void work(void)
{
    static const struct cg_faults none;
    const struct cg_control_context context = {&snapshot, &none};
    while (cg_control_poll(control, &context) == 1)
        continue;
}

#define ANY_REQUEST "{\"commands\":[{\"command\":\"nonsense\",\"correlationData\":\"x\"}]}"

static void an_administrator_is_answered(void **unused)
{
    (void)unused;
    assert_int_equal(ask(ANY_REQUEST), CG_CONTROL_ACCEPTED);
    assert_int_equal(answers, 0); /* not inside the broker's call */
    work();
    assert_int_equal(answers, 1);
    assert_string_equal(answered_to, "boss");
    assert_non_null(strstr(answer, "unknown command"));
    assert_int_equal(denials, 0);
}

static void refused(const char *words)
{
    int before = denials;
    assert_int_equal(ask(ANY_REQUEST), CG_CONTROL_DENIED);
    work();
    assert_int_equal(answers, 0);
    assert_int_equal(denials, before + 1);
    if (!strstr(denied, words))
        fail_msg("expected '%s', found '%s'", words, denied);
}

static void a_certificate_not_listed_is_refused(void **unused)
{
    (void)unused;
    admin_sha256[0] ^= 1;
    refused("is not in");
}

static void breaking_an_audited_rule_is_refused(void **unused)
{
    (void)unused;
    snapshot.policy->base.client.mode[CG_REASON_LIFETIME_TOO_LONG] = CG_AUDIT;
    snapshot.policy->base.client.max_lifetime = 60;
    refused("no longer accepted");
}

static void breaking_a_rule_is_refused(void **unused)
{
    (void)unused;
    snapshot.policy->base.client.max_lifetime = 60;
    refused("no longer accepted");
}

static void websockets_are_refused(void **unused)
{
    (void)unused;
    claim->websocket = true;
    refused("over websockets are not accepted");
}

static void a_session_that_is_to_end_is_refused(void **unused)
{
    (void)unused;
    cg_enforcement_mark(ops.enforcement, &conn, &snapshot, "by the test");
    refused("require TLS and a client certificate");
}

static void a_client_without_a_certificate_is_refused(void **unused)
{
    (void)unused;
    X509 *leaf = conn.peer_leaf;
    conn.peer_leaf = NULL;
    refused("require TLS and a client certificate");
    conn.peer_leaf = leaf;
    conn.state = CG_CONN_REJECTED;
    refused("require TLS and a client certificate");
    conn.state = CG_CONN_ESTABLISHED;
    conn.role = CG_ROLE_BRIDGE;
    refused("require TLS and a client certificate");
}

/* The policy may change between request and answer. */
static void a_former_administrator_gets_no_answer(void **unused)
{
    (void)unused;
    assert_int_equal(ask(ANY_REQUEST), CG_CONTROL_ACCEPTED);
    admin_sha256[0] ^= 1;
    work();
    assert_int_equal(answers, 0);
    assert_int_equal(denials, 1);
}

/* Answers are addressed by client id. */
static void an_answer_is_sent_only_to_the_owner_of_the_id(void **unused)
{
    (void)unused;
    struct cg_session others = {.client_id = NULL};
    struct cg_conn other = {.role = CG_ROLE_LISTENER, .peer_leaf = conn.peer_leaf, .session = &others};
    const struct cg_claim what = {.client = &other, .conn = &other, .extended = true};
    assert_int_equal(ask(ANY_REQUEST), CG_CONTROL_ACCEPTED);
    struct cg_claim *second = cg_client_map_claim(ops.clients, &what, "", "boss");
    work();
    assert_int_equal(answers, 0);
    cg_client_map_release(ops.clients, second);
    assert_int_equal(ask(ANY_REQUEST), CG_CONTROL_ACCEPTED);
    cg_control_ended(control, &conn); /* it disconnected */
    work();
    assert_int_equal(answers, 0);
    assert_int_equal(denials, 0);
}

/* The maximum number of commands in one request, and one more. */
static void a_request_has_at_most_16_commands(void **unused)
{
    (void)unused;
    for (int more = 0; more <= 1; more++) {
        char text[8000] = "{\"commands\":[";
        size_t len = strlen(text);
        for (int i = 0; i < CG_CONTROL_COMMANDS_MAX + more; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s{\"command\":\"x\"}", i ? "," : "");
        snprintf(text + len, sizeof text - len, "]}");
        assert_int_equal(ask(text), CG_CONTROL_ACCEPTED);
        work();
        assert_int_equal(strstr(answer, "with one to") != NULL, more);
    }
}

/* control.c only requests the reload. */
static void a_reload_is_handed_on_once(void **unused)
{
    (void)unused;
    assert_int_equal(ask("{\"commands\":[{\"command\":\"reload\"}]}"), CG_CONTROL_ACCEPTED);
    assert_false(cg_control_take_reload(control));
    work();
    assert_non_null(strstr(answer, "\"snapshot\""));
    assert_true(cg_control_take_reload(control));
    assert_false(cg_control_take_reload(control));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_administrator_is_answered),
        CASE(a_certificate_not_listed_is_refused),
        CASE(breaking_an_audited_rule_is_refused),
        CASE(breaking_a_rule_is_refused),
        CASE(websockets_are_refused),
        CASE(a_session_that_is_to_end_is_refused),
        CASE(a_client_without_a_certificate_is_refused),
        CASE(a_former_administrator_gets_no_answer),
        CASE(an_answer_is_sent_only_to_the_owner_of_the_id),
        CASE(a_request_has_at_most_16_commands),
        CASE(a_reload_is_handed_on_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
