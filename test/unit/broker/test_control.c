/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Control requests: the sender's rights, checked again before each step, the receiver of the answer, and the commands of
 * signers, whose worker is a stand-in. */
#include "broker/control/control.h"

#include "broker/control/control_renewal.h"
#include "broker/control/control_request.h"
#include "broker/session/session.h"

#include "core/base/datetime.h"
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
static struct cg_certificate_match admin = {.sha256 = admin_sha256}, signer = {.sha256 = admin_sha256};

/* ---- in place of the renewal's worker */

static struct {
    int started, abandoned;
    enum cg_renewal_command command;
    char argument[200];
    const char *data;  /* NULL: it is not done */
    const char *error; /* when it is done; NULL: none */
    struct cg_renewal_numbers numbers;
} worker;

uint64_t cg_renewal_start(struct cg_renewal *renewal, enum cg_renewal_command command, const cJSON *argument,
                          struct cg_error *err)
{
    assert_null(renewal);
    (void)err;
    worker.started++;
    worker.command = command;
    char *text = argument ? cJSON_PrintUnformatted(argument) : NULL;
    snprintf(worker.argument, sizeof worker.argument, "%s", text ? text : "");
    cJSON_free(text);
    return 7;
}

bool cg_renewal_finish(struct cg_renewal *renewal, uint64_t ticket, cJSON **data, struct cg_error *err)
{
    assert_null(renewal);
    assert_int_equal(ticket, 7);
    if (worker.error)
        cg_error_set(err, "%s", worker.error);
    else if (worker.data)
        *data = cJSON_Parse(worker.data);
    return worker.data || worker.error;
}

void cg_renewal_abandon(struct cg_renewal *renewal, uint64_t ticket)
{
    assert_null(renewal);
    worker.abandoned += ticket != 0;
}

struct cg_renewal_numbers cg_renewal_numbers(const struct cg_renewal *renewal)
{
    (void)renewal;
    return worker.numbers;
}

cJSON *cg_renewal_waiting(const struct cg_renewal *renewal)
{
    (void)renewal;
    return cJSON_Parse(worker.numbers.waiting ? "[{\"id\":\"00\",\"received\":\"2025-06-15T15:06:40Z\"}]" : "[]");
}

static int64_t later_ms;
int64_t __real_cg_clock_monotonic_ms(void); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int64_t __wrap_cg_clock_monotonic_ms(void); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int64_t __wrap_cg_clock_monotonic_ms(void)  /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
{
    return __real_cg_clock_monotonic_ms() + later_ms;
}

/* ---- the world */

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
    memset(&worker, 0, sizeof worker);
    conn.session = &session;
    answers = denials = 0;
    later_ms = 0;
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
    snapshot.policy->admin = snapshot.policy->renewal.signers = (struct cg_certificate_list){.item = NULL};
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

/* ---- administrators by name */

/* The user name that the policy of the listener takes from the certificate, which a renewal keeps. */
static void an_administrator_by_identity(void **unused)
{
    (void)unused;
    static struct cg_certificate_match by_name = {.identity = "admin"};
    struct cg_listener_policy listeners[2] = {snapshot.policy->base, snapshot.policy->base};
    listeners[0].port = 1;
    listeners[0].identity.username = CG_IDENTITY_CN;
    listeners[1].port = 2;
    snapshot.policy->listeners = listeners;
    snapshot.policy->nlisteners = 2;
    snapshot.policy->admin = (struct cg_certificate_list){.item = &by_name, .count = 1};
    cg_list_sort(&snapshot.policy->admin);
    conn.listener = 2;
    refused("is not in");
    conn.listener = 3; /* the top level has no username either */
    refused("is not in");
    conn.listener = 1;
    listeners[0].identity.username = CG_IDENTITY_SAN_URI;
    refused("is not in");
    listeners[0].identity.username = CG_IDENTITY_CN;
    by_name.identity = "admin2";
    refused("is not in");
    by_name.identity = "admin";
    assert_int_equal(ask(ANY_REQUEST), CG_CONTROL_ACCEPTED);
    work();
    assert_int_equal(answers, 1);
    snapshot.policy->nlisteners = 0;
}

/* ---- signers */

#define LIST_REQUEST "{\"commands\":[{\"command\":\"list_requests\",\"correlationData\":\"l\"}]}"
#define ID           "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void set_lists(bool is_admin, bool is_signer)
{
    snapshot.policy->admin = (struct cg_certificate_list){.item = &admin, .count = is_admin};
    snapshot.policy->renewal.signers = (struct cg_certificate_list){.item = &signer, .count = is_signer};
    cg_list_sort(&snapshot.policy->admin);
    cg_list_sort(&snapshot.policy->renewal.signers);
}

static void answer_has(const char *words)
{
    if (!strstr(answer, words))
        fail_msg("expected '%s' in '%s'", words, answer);
}

static const struct right_row {
    bool is_admin, is_signer;
    const char *command, *words;
    int started;
} rights[] = {
    {true, false, "list_requests", "requires an entry in \\\"renewal.signers\\\" of the policy", 0},
    {true, false, "deliver", "requires an entry in \\\"renewal.signers\\\"", 0},
    {true, false, "refuse", "requires an entry in \\\"renewal.signers\\\"", 0},
    {true, false, "forget", "requires an entry in \\\"renewal.signers\\\"", 0},
    {false, true, "status", "requires an entry in \\\"admin\\\" of the policy", 0},
    {false, true, "list_sessions", "requires an entry in \\\"admin\\\"", 0},
    {false, true, "explain_session", "requires an entry in \\\"admin\\\"", 0},
    {false, true, "reload", "requires an entry in \\\"admin\\\"", 0},
    {false, true, "end_session", "requires an entry in \\\"admin\\\"", 0},
    {false, true, "check_policy", "requires an entry in \\\"admin\\\"", 0},
    {false, true, "list_requests", "\"data\":{\"requests\":[],\"more\":false}", 1},
    {true, true, "list_requests", "\"data\":{\"requests\":[],\"more\":false}", 1},
    {true, true, "reload", "\"data\":{\"snapshot\":", 0},
};

static void each_list_allows_its_own_commands(void **unused)
{
    (void)unused;
    worker.data = "{\"requests\":[],\"more\":false}";
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        char text[100];
        worker.started = 0;
        set_lists(rights[i].is_admin, rights[i].is_signer);
        snprintf(text, sizeof text, "{\"commands\":[{\"command\":\"%s\"}]}", rights[i].command);
        assert_int_equal(ask(text), CG_CONTROL_ACCEPTED);
        for (int k = 0; k < 3; k++)
            work();
        answer_has(rights[i].words);
        if (worker.started != rights[i].started)
            fail_msg("row %zu: %d commands started", i, worker.started);
        assert_int_equal(answers, i + 1);
    }
    set_lists(false, false);
    assert_int_equal(ask(LIST_REQUEST), CG_CONTROL_DENIED);
    assert_int_equal(denials, 1);
}

static const struct argument_row {
    const char *command;          /* with its keys */
    const char *argument, *words; /* for the worker, or in the answer */
    enum cg_renewal_command which;
} arguments[] = {
    {"\"list_requests\"", "", NULL, CG_RENEWAL_LIST},
    {"\"list_requests\",\"after\":\"" ID "\"", "\"" ID "\"", NULL, CG_RENEWAL_LIST},
    {"\"forget\",\"id\":\"" ID "\"", "\"" ID "\"", NULL, CG_RENEWAL_FORGET},
    {"\"deliver\",\"answer\":{\"id\":\"x\",\"certificate\":\"y\"}", "{\"id\":\"x\",\"certificate\":\"y\"}", NULL,
     CG_RENEWAL_DELIVER},
    {"\"refuse\",\"answer\":{\"id\":\"x\",\"refused\":\"y\"}", "{\"id\":\"x\",\"refused\":\"y\"}", NULL,
     CG_RENEWAL_DELIVER},
    {"\"list_requests\",\"after\":\"../requests/x\"", NULL, "after: expected 64 hex digits", 0},
    {"\"list_requests\",\"after\":7", NULL, "after: expected text", 0},
    {"\"list_requests\",\"id\":7", NULL, "this command has no key", 0},
    {"\"forget\"", NULL, "expected \\\"id\\\"", 0},
    {"\"forget\",\"id\":\"" ID "0\"", NULL, "id: expected text of at most 64 bytes", 0},
    {"\"forget\",\"id\":\"\"", NULL, "id: expected 64 hex digits", 0},
    {"\"deliver\"", NULL, "answer: expected an object with \\\"id\\\" and \\\"certificate\\\"", 0},
    {"\"deliver\",\"answer\":\"x\"", NULL, "answer: expected an object", 0},
    {"\"deliver\",\"answer\":{\"id\":\"x\",\"refused\":\"y\"}", NULL, "answer: expected an object", 0},
    {"\"refuse\",\"answer\":{\"refused\":\"x\",\"certificate\":\"y\"}", NULL, "without \\\"certificate\\\"", 0},
};

static void arguments_are_checked(void **unused)
{
    (void)unused;
    set_lists(false, true);
    worker.data = "{\"done\":true}";
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        char text[300];
        worker.started = 0;
        snprintf(text, sizeof text, "{\"commands\":[{\"command\":%s}]}", arguments[i].command);
        assert_int_equal(ask(text), CG_CONTROL_ACCEPTED);
        for (int k = 0; k < 3; k++)
            work();
        answer_has(arguments[i].words ? arguments[i].words : "\"data\":{\"done\":true}");
        assert_int_equal(worker.started, arguments[i].argument ? 1 : 0);
        if (!arguments[i].argument)
            continue;
        assert_string_equal(worker.argument, arguments[i].argument);
        assert_int_equal(worker.command, arguments[i].which);
    }
    assert_int_equal(worker.abandoned, 0);
}

/* Others do not wait for the disk. */
static void a_command_that_waits_delays_nobody(void **unused)
{
    (void)unused;
    set_lists(true, true);
    assert_int_equal(ask(LIST_REQUEST), CG_CONTROL_ACCEPTED);
    work();
    assert_int_equal(answers, 0);
    assert_int_equal(ask(ANY_REQUEST), CG_CONTROL_ACCEPTED);
    work();
    assert_int_equal(answers, 1);
    answer_has("unknown command");
    assert_int_equal(ask(ANY_REQUEST), CG_CONTROL_ACCEPTED); /* behind the one that waits */
    worker.data = "{\"requests\":[],\"more\":false}";
    work();
    assert_int_equal(answers, 3);
    assert_int_equal(worker.started, 1);
    assert_int_equal(cg_control_poll(control, NULL), -1);
}

static void a_failed_command_is_answered_with_its_error(void **unused)
{
    (void)unused;
    set_lists(false, true);
    worker.error = "cannot write to the spool";
    assert_int_equal(ask(LIST_REQUEST), CG_CONTROL_ACCEPTED);
    for (int k = 0; k < 3; k++)
        work();
    answer_has("\"correlationData\":\"l\",\"error\":\"cannot write to the spool\"");
}

static void a_disk_that_does_not_answer(void **unused)
{
    (void)unused;
    set_lists(false, true);
    assert_int_equal(ask(LIST_REQUEST), CG_CONTROL_ACCEPTED);
    work();
    later_ms = 29000;
    work();
    assert_int_equal(answers, 0);
    later_ms = 30001;
    work();
    assert_int_equal(answers, 1);
    answer_has("did not answer within 30 seconds");
    assert_int_equal(worker.abandoned, 1);
}

/* Of a request with two commands, the first is done when the right is lost. Its data is not sent. */
static void a_former_signer_gets_no_answer(void **unused)
{
    (void)unused;
    static const char both[] = "{\"commands\":[{\"command\":\"list_requests\"},{\"command\":\"forget\",\"id\":\"" ID
                               "\"}]}";
    static const char then_reload[] = "{\"commands\":[{\"command\":\"list_requests\"},{\"command\":\"reload\"}]}";
    set_lists(true, true);
    assert_int_equal(ask(both), CG_CONTROL_ACCEPTED);
    work();
    worker.data = "{\"requests\":[]}";
    work();
    assert_int_equal(worker.started, 2);
    set_lists(true, false);
    work();
    assert_int_equal(answers, 0);
    assert_int_equal(denials, 1);
    assert_non_null(strstr(denied, "removed from a list"));
    assert_int_equal(worker.abandoned, 1);

    set_lists(true, true);
    assert_int_equal(ask(then_reload), CG_CONTROL_ACCEPTED);
    worker.data = NULL;
    work();
    cg_control_ended(control, &conn);
    work();
    assert_int_equal(answers, 0);
    assert_int_equal(worker.abandoned, 2);
    assert_int_equal(ask(LIST_REQUEST), CG_CONTROL_ACCEPTED);
    work();
    cg_control_free(control); /* the broker ends */
    assert_int_equal(worker.abandoned, 3);
    control = cg_control_new(&ops);
}

static void the_status_shows_what_waits(void **unused)
{
    (void)unused;
    cJSON *status = cJSON_CreateObject();
    cg_control_add_renewal(status, NULL);
    assert_null(status->child); /* it is off */
    worker.numbers = (struct cg_renewal_numbers){5, 4, 3, 2, 1, true, true};
    cg_control_add_renewal(status, NULL);
    char *text = cJSON_PrintUnformatted(status);
    assert_string_equal(text, "{\"renewal\":{\"waiting\":1,\"requested\":5,\"refused\":4,\"delivered\":3,"
                              "\"confirmed\":2,\"spool_full\":true,\"oldest_waiting\":\"2025-06-15T15:06:40Z\","
                              "\"requests\":[{\"id\":\"00\",\"received\":\"2025-06-15T15:06:40Z\"}]}}");
    cJSON_free(text);
    cJSON_Delete(status);
    status = cJSON_CreateObject();
    worker.numbers = (struct cg_renewal_numbers){.on = true};
    cg_control_add_renewal(status, NULL);
    assert_null(
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(status, "renewal"), "oldest_waiting"));
    cJSON_Delete(status);
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
        CASE(an_administrator_by_identity),
        CASE(each_list_allows_its_own_commands),
        CASE(arguments_are_checked),
        CASE(a_command_that_waits_delays_nobody),
        CASE(a_failed_command_is_answered_with_its_error),
        CASE(a_disk_that_does_not_answer),
        CASE(a_former_signer_gets_no_answer),
        CASE(the_status_shows_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
