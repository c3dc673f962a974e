/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The main thread's part of renewal with its worker: who gets which answer, limits, events, and how long a question takes. */
#include "broker/renewal/renewal.h"

#include "broker/session/session.h"
#include "core/policy/policy_load.h"
#include "core/renewal/mailbox.h"
#include "core/renewal/question.h"
#include "lib/pki_maker.h"
#include "lib/renewal_maker.h"
#include "lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 20000

static _Atomic int64_t later_ms;
int64_t __real_cg_clock_monotonic_ms(void); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int64_t __wrap_cg_clock_monotonic_ms(void); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int64_t __wrap_cg_clock_monotonic_ms(void)  /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
{
    return __real_cg_clock_monotonic_ms() + atomic_load(&later_ms);
}

/* ---- a broker */

static struct cg_pki *pki;
static struct cg_snapshot snapshot, off, again; /* with renewal, without, and with it again */
static struct cg_snapshot *current;
static struct cg_reporter *reporter;
static struct cg_client_map *clients;
static struct cg_renewal *renewal;

static int sent;
static char sent_to[64], sent_text[200]; /* the last answer: "KIND PAYLOAD" */
static int requested, refused, delivered, confirmed, warnings;

static void send_answer(const char *client_id, const char *topic, const void *payload, size_t len)
{
    assert_memory_equal(topic, CG_RENEW_TOPIC "/", strlen(CG_RENEW_TOPIC "/"));
    sent++;
    snprintf(sent_to, sizeof sent_to, "%s", client_id);
    snprintf(sent_text, sizeof sent_text, "%s %.*s", topic + strlen(CG_RENEW_TOPIC "/"), len < 150 ? (int)len : 0,
             (const char *)payload);
}

static void broker_log(enum cg_level level, const char *text)
{
    (void)level;
    requested += strstr(text, "keeps a renewal request") != NULL;
    refused += strstr(text, "refused a renewal request") != NULL;
    delivered += strstr(text, "delivered a new certificate") != NULL;
    confirmed += strstr(text, "completed the renewal of") != NULL;
    warnings += strstr(text, "configuration warning") != NULL;
}

/* ---- clients */

struct device {
    struct cg_conn conn;
    struct cg_session session;
    struct cg_claim *claim;
};
static struct device dev, twin, other, fresh;
static X509 *fresh_leaf;

static void connect_device(struct device *device, X509 *leaf, const char *client_id)
{
    static uint64_t number;
    memset(device, 0, sizeof *device);
    device->conn.session = &device->session;
    device->conn.role = CG_ROLE_LISTENER;
    device->conn.state = CG_CONN_ESTABLISHED;
    device->conn.fd = -1;
    device->conn.number = ++number;
    device->conn.listener = 8883;
    device->conn.peer_leaf = leaf;
    const struct cg_claim what = {.client = device, .conn = &device->conn};
    device->claim = cg_client_map_claim(clients, &what, "", client_id);
    cg_client_map_poll(clients);
}

static void disconnect_device(struct device *device)
{
    if (!device->claim)
        return;
    cg_renewal_ended(renewal, &device->conn);
    cg_client_map_release(clients, device->session.claim);
    device->claim = NULL;
}

static void ask(struct device *device, const void *payload, size_t len)
{
    const struct cg_renewal_question question = {&device->conn, "id", payload, len};
    sent_text[0] = sent_to[0] = '\0';
    cg_renewal_receive(renewal, current, &question);
}

static void poll_renewal(void)
{
    cg_renewal_poll(renewal, current);
}

/* Polls until an answer of this kind arrives. */
static bool arrives(const char *kind)
{
    for (int i = 0; i < WAIT_MS / 5; i++) {
        poll_renewal();
        if (strncmp(sent_text, kind, strlen(kind)) == 0)
            return true;
        usleep(5000);
    }
    print_message("expected %s, got '%s'\n", kind, sent_text);
    return false;
}

static bool says(struct device *device, const char *text, const char *kind)
{
    ask(device, text, strlen(text));
    return arrives(kind);
}

static struct cg_made made;
static void make_request(const char *name, EVP_PKEY *key)
{
    const struct cg_request_parts parts = {.current = cg_pki_cert(pki, name), .old = cg_pki_key(pki, name), .key = key};
    memset(&made, 0, sizeof made);
    cg_request_make(&parts, &made);
}

static bool requests(struct device *device, const char *kind)
{
    ask(device, made.data, made.len);
    return arrives(kind);
}

static EVP_PKEY *key(unsigned slot)
{
    return cg_pki_cached_key("p256", 60 + slot);
}

/* The CA. */
static void answer(const char *name, EVP_PKEY *new_key, char id[CG_RENEWAL_ID_MAX])
{
    struct cg_renewal_request request;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    X509_free(fresh_leaf);
    fresh_leaf = cg_cert_with_key(cg_pki_cert(pki, name), new_key, cg_pki_key(pki, "ca"));
    struct cg_mail_answer mail = {.certificate = fresh_leaf, .chain = sk_X509_new_null(), .refused = CG_REASON_OK};
    assert_true(cg_renewal_parse(made.data, made.len, &request, &refusal));
    assert_true(cg_renewal_id(cg_pki_cert(pki, name), &request, mail.id));
    memcpy(id, mail.id, CG_RENEWAL_ID_MAX);
    cJSON *json = cg_mail_answer_json(&mail);
    char *text = cJSON_PrintUnformatted(json), file[120];
    snprintf(file, sizeof file, "spool/answers/%s.json", id);
    cg_scratch_write(file, text);
    cJSON_free(text);
    cJSON_Delete(json);
    sk_X509_free(mail.chain);
}

static bool exists(const char *id, const char *suffix)
{
    char file[120];
    snprintf(file, sizeof file, "spool/requests/%s%s", id, suffix);
    return access(cg_scratch_path(file), F_OK) == 0;
}

/* ---- tests */

static void test_questions(void **state)
{
    (void)state;
    assert_true(says(&dev, "", "due 0 0"));
    assert_string_equal(sent_to, "dev");
    assert_true(says(&dev, "chain 1", "chain/1 "));
    assert_true(says(&dev, "anchor 1", "anchor/1 "));
    int before = sent;
    ask(&dev, "anything", 8);
    dev.conn.role = CG_ROLE_BRIDGE;
    ask(&dev, "", 0);
    dev.conn.role = CG_ROLE_LISTENER;
    X509 *leaf = dev.conn.peer_leaf;
    dev.conn.peer_leaf = NULL;
    ask(&dev, "", 0);
    dev.conn.peer_leaf = leaf;
    const struct cg_renewal_question plain = {NULL, "id", "", 0};
    cg_renewal_receive(renewal, current, &plain);
    poll_renewal();
    assert_int_equal(sent, before);
}

static void test_limits(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++)
        assert_true(says(&dev, "", "due"));
    assert_true(says(&dev, "", "busy 60"));
    connect_device(&twin, cg_pki_cert(pki, "dev"), "twin"); /* the same certificate */
    assert_true(says(&twin, "chain 1", "busy 60"));
    assert_true(says(&other, "", "due"));
    atomic_fetch_add(&later_ms, 1100);
    assert_true(says(&dev, "", "due"));
    assert_true(says(&dev, "", "busy 60"));

    make_request("dev", key(0));
    for (int i = 0; i < 3; i++)
        assert_true(requests(&dev, "pending 60 "));
    assert_true(requests(&dev, "busy 60"));
    atomic_fetch_add(&later_ms, 60100);
    assert_true(requests(&dev, "pending 60 "));
    assert_true(requests(&dev, "busy 60"));
    assert_int_equal(requested, 1);
}

static void test_conversation(void **state)
{
    (void)state;
    char id[CG_RENEWAL_ID_MAX];
    make_request("dev", key(0));
    assert_true(requests(&dev, "pending 60 "));
    assert_true(exists(strrchr(sent_text, ' ') + 1, ".json"));
    assert_int_equal(cg_renewal_numbers(renewal).waiting, 1);
    cJSON *waiting = cg_renewal_waiting(renewal);
    assert_int_equal(cJSON_GetArraySize(waiting), 1);
    cJSON_Delete(waiting);

    connect_device(&twin, cg_pki_cert(pki, "dev"), "twin"); /* has not asked: it gets nothing */
    sent_text[0] = '\0';
    int before = sent;
    answer("dev", key(0), id);
    assert_true(arrives("issued "));
    poll_renewal();
    assert_int_equal(sent, before + 1);
    assert_string_equal(sent_to, "dev");
    assert_true(requests(&dev, "issued "));
    assert_int_equal(delivered, 1);
    assert_true(requests(&twin, "issued "));
    assert_int_equal(delivered, 2);
    assert_true(says(&dev, "chain 1", "chain/1 "));

    connect_device(&fresh, fresh_leaf, "fresh");
    cg_renewal_accepted(renewal, &fresh.conn);
    atomic_fetch_add(&later_ms, 59000);
    poll_renewal();
    assert_false(exists(id, ".done"));
    atomic_fetch_add(&later_ms, 2000);
    for (int i = 0; i < WAIT_MS / 5 && !confirmed; i++) {
        poll_renewal();
        usleep(5000);
    }
    assert_int_equal(confirmed, 1);
    assert_true(exists(id, ".done"));
    assert_true(says(&fresh, "", "due"));
    const struct cg_renewal_numbers numbers = cg_renewal_numbers(renewal);
    assert_int_equal(numbers.requested, 1);
    assert_int_equal(numbers.delivered, 2);
    assert_int_equal(numbers.confirmed, 1);
    assert_int_equal(numbers.waiting, 0);
    assert_int_equal(warnings, 0);
}

/* Another client took the id between question and answer. */
static void test_taken_over(void **state)
{
    (void)state;
    char id[CG_RENEWAL_ID_MAX];
    make_request("dev", key(0));
    assert_true(requests(&dev, "pending "));
    struct device thief;
    connect_device(&thief, cg_pki_cert(pki, "other"), "dev");
    int before = sent;
    ask(&dev, "", 0);
    answer("dev", key(0), id);
    for (int i = 0; i < 300; i++) {
        poll_renewal();
        usleep(5000);
    }
    assert_int_equal(sent, before);
    disconnect_device(&thief);
}

static void test_same_key(void **state)
{
    (void)state;
    make_request("dev", key(0));
    assert_true(requests(&dev, "pending "));
    make_request("other", key(0));
    assert_true(requests(&other, "refused renewal_key_not_new "));
    assert_int_equal(refused, 1);
    make_request("other", key(1));
    assert_true(requests(&other, "pending "));
}

static void test_ended(void **state)
{
    (void)state;
    make_request("dev", key(0));
    ask(&dev, made.data, made.len);
    int before = sent;
    disconnect_device(&dev);
    for (int i = 0; i < WAIT_MS / 5 && !requested; i++) {
        poll_renewal();
        usleep(5000);
    }
    assert_int_equal(requested, 1);
    assert_int_equal(sent, before);
    connect_device(&dev, cg_pki_cert(pki, "dev"), "dev");
    assert_true(requests(&dev, "pending "));
    assert_int_equal(requested, 1);
}

static void test_off(void **state)
{
    (void)state;
    struct cg_error err = {""};
    make_request("dev", key(0));
    assert_true(requests(&dev, "pending "));
    current = &off;
    poll_renewal();
    int before = sent;
    ask(&dev, "", 0);
    poll_renewal();
    assert_int_equal(sent, before);
    assert_false(cg_renewal_numbers(renewal).on);
    assert_int_equal(cg_renewal_start(renewal, CG_RENEWAL_LIST, NULL, &err), 0);
    usleep(200000); /* the worker has closed the spool */
    current = &again;
    poll_renewal();
    assert_true(requests(&dev, "pending "));
    assert_int_equal(requested, 1);
}

/* While the spool is unusable, a request that the table knows gets an answer, too. */
static void test_unusable(void **state)
{
    (void)state;
    char moved[300];
    snprintf(moved, sizeof moved, "%s", cg_scratch_path("moved"));
    make_request("dev", key(0));
    assert_true(requests(&dev, "pending "));
    assert_int_equal(rename(cg_scratch_path("spool"), moved), 0);
    cg_scratch_write("spool", "not a folder");
    usleep(1500000); /* the worker has seen it */
    assert_true(requests(&dev, "busy 60"));
    cg_scratch_remove("moved");
}

static void test_commands(void **state)
{
    (void)state;
    struct cg_error err = {""};
    cJSON *data = NULL;
    make_request("dev", key(0));
    assert_true(requests(&dev, "pending "));
    uint64_t ticket = cg_renewal_start(renewal, CG_RENEWAL_LIST, NULL, &err);
    assert_int_not_equal(ticket, 0);
    for (int i = 0; i < WAIT_MS / 5 && !cg_renewal_finish(renewal, ticket, &data, &err); i++) {
        poll_renewal();
        usleep(5000);
    }
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "requests")), 1);
    cJSON_Delete(data);
    ticket = cg_renewal_start(renewal, CG_RENEWAL_LIST, NULL, &err);
    cg_renewal_abandon(renewal, ticket);
    cg_renewal_abandon(renewal, 0);
    usleep(100000);
    poll_renewal();
    assert_true(cg_renewal_finish(renewal, ticket, &data, &err));
    assert_null(data);
}

/* New requests with each kind of key. The CPU time of this thread, since the machine of a test may be busy. */
static void test_time(void **state)
{
    (void)state;
    static const struct {
        const char *key, *name;
        struct device *device;
    } rows[] = {
        {"p256", "dev", &dev}, {"p521", "dev", &dev}, {"ed25519", "other", &other}, {"rsa3072", "other", &other}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double shortest = 1e9;
        for (unsigned k = 0; k < 3; k++) {
            struct timespec a, b;
            make_request(rows[i].name, cg_pki_cached_key(rows[i].key, 70 + k));
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
            ask(rows[i].device, made.data, made.len);
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
            double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
            shortest = ms < shortest ? ms : shortest;
            assert_true(arrives("pending "));
            atomic_fetch_add(&later_ms, 60100);
        }
        print_message("%s: %.3f ms\n", rows[i].key, shortest);
        assert_true(shortest < 1);
    }
}

/* ---- */

static int start(void **state)
{
    (void)state;
    cg_scratch_remove("spool");
    mkdir(cg_scratch_path("spool"), 0750);
    mkdir(cg_scratch_path("spool/answers"), 0750);
    struct cg_error err = {""};
    atomic_store(&later_ms, 0); /* the worker sleeps by the real clock */
    requested = refused = delivered = confirmed = warnings = sent = 0;
    reporter = cg_reporter_open(&snapshot.policy->log, broker_log, &err);
    clients = cg_client_map_new(NULL);
    renewal = cg_renewal_new(reporter, clients, send_answer);
    assert_non_null(renewal);
    current = &snapshot;
    poll_renewal();
    connect_device(&dev, cg_pki_cert(pki, "dev"), "dev");
    connect_device(&other, cg_pki_cert(pki, "other"), "other");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    struct device *const all[] = {&dev, &twin, &other, &fresh};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        disconnect_device(all[i]);
    cg_renewal_free(renewal);
    cg_client_map_free(clients);
    cg_reporter_close(reporter);
    const struct cg_snapshot *const used[] = {&snapshot, &off, &again};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++)
        assert_int_equal(atomic_load(&used[i]->references), 1);
    X509_free(fresh_leaf);
    fresh_leaf = NULL;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    struct cg_error err = {""};
    char text[400];
    cg_scratch_open("renewal");
    pki = cg_pki_new((int64_t)time(NULL));
    cg_pki_make(pki, "ca: ca days=-60..60\ndev: issuer=ca days=-30..10\nother: issuer=ca days=-30..10");
    snprintf(text, sizeof text,
             "{\"trust\": {\"anchors\": [\"ca.pem\"]}, \"log\": {\"burst\": 1000}, \"renewal\": {\"spool\": \"%s\"}}",
             cg_scratch_path("spool"));
    snapshot.policy = cg_policy_parse("policy.json", text, strlen(text), &err);
    assert_non_null(snapshot.policy);
    char *pem = cg_pki_pem(pki, "ca");
    snapshot.trust = snapshot.server_trust = snapshot.bridge_trust = cg_trust_new();
    assert_true(cg_trust_add_anchors(snapshot.trust, "anchors", pem, strlen(pem), &err));
    free(pem);
    atomic_init(&snapshot.references, 1);
    snapshot.number = 1;
    again.policy = snapshot.policy;
    again.trust = again.server_trust = again.bridge_trust = snapshot.trust;
    again.number = 3;
    atomic_init(&again.references, 1);
    off.policy = cg_policy_default("ca.pem", &err);
    off.number = 2;
    atomic_init(&off.references, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cg_trust_free(snapshot.trust);
    cg_policy_free(snapshot.policy);
    cg_policy_free(off.policy);
    cg_pki_free(pki);
    cg_scratch_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_questions, start, finish),
        cmocka_unit_test_setup_teardown(test_limits, start, finish),
        cmocka_unit_test_setup_teardown(test_conversation, start, finish),
        cmocka_unit_test_setup_teardown(test_taken_over, start, finish),
        cmocka_unit_test_setup_teardown(test_same_key, start, finish),
        cmocka_unit_test_setup_teardown(test_ended, start, finish),
        cmocka_unit_test_setup_teardown(test_off, start, finish),
        cmocka_unit_test_setup_teardown(test_unusable, start, finish),
        cmocka_unit_test_setup_teardown(test_commands, start, finish),
        cmocka_unit_test_setup_teardown(test_time, start, finish),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
