/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The scenario table in real TLS 1.2 and TLS 1.3 handshakes with a real broker: checks what the client receives and the
 * event in the log. Rows with the same files share a broker.
 *   test_scenarios_broker [N]     N: run every Nth row only */
#include "lib/broker.h"
#include "lib/tap.h"
#include "lib/tls_client.h"
#include "row.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENT_MS  20000
#define CROWD_MAX 40

struct run {
    const struct cg_scenario *row;
    struct cg_broker *broker;
    struct cg_pki *pki;
    int version;
};

/* What the client received. */
struct result {
    uint16_t local_port;
    bool accepted;
    int alert, connack;
    char error[256];
};

static int alert_of(const cJSON *event)
{
    const cJSON *tls = cJSON_GetObjectItemCaseSensitive(event, "tls");
    const cJSON *alert = cJSON_GetObjectItemCaseSensitive(tls, "alert");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(alert, "code");
    return cJSON_IsNumber(code) ? code->valueint : -1;
}

static const char *member(const cJSON *event, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, name));
    return text ? text : "";
}

/* Waits for the event of the client with this port, and compares it with the row. */
static bool check_event(const struct run *run, uint16_t port, const char *event_name, enum cg_reason reason, int alert)
{
    const char *code = cg_reason_row(reason)->code;
    char peer[32];
    /* Mosquitto does not give plugins the port of a client without TLS */
    snprintf(peer, sizeof peer, port ? "127.0.0.1:%u" : "127.0.0.1%.0u", port);
    char *line = cg_broker_event(run->broker, peer, event_name, EVENT_MS);
    cJSON *event = line ? cJSON_Parse(line) : NULL;
    bool ok = event && strcmp(member(event, "reason"), code) == 0;
    if (ok && run->row->words)
        ok = strstr(member(event, "detail"), run->row->words) != NULL;
    if (ok && alert >= 0)
        ok = alert_of(event) == alert;
    if (!ok)
        cg_tap_note("expected %s %s, words '%s', alert %d; found %s", event_name, code,
                    run->row->words ? run->row->words : "", alert, line ? line : "no event");
    cJSON_Delete(event);
    free(line);
    return ok;
}

static bool refused_in_handshake(const struct run *run, const struct result *result)
{
    const struct cg_scenario *row = run->row;
    int alert = row->alert ? row->alert : cg_scenario_alert(row->expect, run->version == TLS1_3_VERSION);
    if (result->accepted || result->connack >= 0)
        return false;
    if (alert >= 0 && result->alert != alert) {
        cg_tap_note("expected alert %d, the client received %d", alert, result->alert);
        return false;
    }
    return check_event(run, result->local_port, "handshake_rejected", row->expect, alert);
}

static bool as_expected(const struct run *run, const struct result *result)
{
    const struct cg_scenario *row = run->row;
    if (row->expect != CG_REASON_OK && cg_reason_row(row->expect)->kind != CG_KIND_CONNECT)
        return refused_in_handshake(run, result);
    if (row->expect != CG_REASON_OK)
        return result->connack > 0 && check_event(run, result->local_port, "connect_denied", row->expect, -1);
    if (row->audited && !check_event(run, result->local_port, "handshake_audited", row->audited, -1))
        return false;
    return result->accepted;
}

static void spec_of(const struct run *run, const STACK_OF(X509) *sent, struct cg_client_spec *spec)
{
    const struct cg_act *act = &run->row->act;
    static char own_id[32]; /* a client id is reserved for an identity, and each row has other certificates */
    snprintf(own_id, sizeof own_id, "scenario-%p", (const void *)run->row);
    *spec = (struct cg_client_spec){
        .port = cg_broker_port(run->broker),
        .leaf = sk_X509_value(sent, 0),
        .version = act->tls11 ? TLS1_1_VERSION : run->version,
        .ciphers = act->ciphers,
        .groups = act->groups,
        .sigalgs = act->sigalgs,
        .refuse_server = act->refuse_server,
        .psk = act->psk,
        .mqtt5 = run->version == TLS1_3_VERSION,
        .client_id = act->client_id ? act->client_id : own_id,
    };
}

static void run_tls(const struct run *run, struct result *result)
{
    STACK_OF(X509) *sent = cg_pki_stack(run->pki, cg_row_send(run->row)), *chain = NULL;
    struct cg_client_result client, first = {0};
    struct cg_client_spec spec;
    EVP_PKEY *false_key = NULL;
    spec_of(run, sent, &spec);
    if (sent) {
        chain = sk_X509_dup(sent);
        sk_X509_shift(chain);
        spec.chain = chain;
        spec.key = cg_pki_key(run->pki, "dev");
        if (run->row->act.false_key)
            spec.key = false_key = cg_false_key(spec.key, cg_pki_key(run->pki, "inter"));
    }
    if (run->row->act.first_client) {
        struct cg_client_spec other = spec;
        other.client_id = "first";
        cg_client_connect(&other, &first);
    }
    cg_client_connect(&spec, &client);
    *result = (struct result){client.local_port, client.accepted, client.alert, client.connack, ""};
    snprintf(result->error, sizeof result->error, "%s", client.error);
    cg_client_close(&client);
    cg_client_close(&first);
    EVP_PKEY_free(false_key);
    sk_X509_free(chain);
    sk_X509_pop_free(sent, X509_free);
}

static void run_raw(const struct run *run, struct result *result)
{
    const struct cg_act *act = &run->row->act;
    struct cg_client_spec spec;
    uint16_t port, ignored;
    int crowd[CROWD_MAX];
    spec_of(run, NULL, &spec);
    int fd = cg_raw_open(spec.port, &port);
    *result = (struct result){.local_port = port, .alert = -1, .connack = -1};
    if (act->hello) {
        size_t len;
        unsigned char *hello = cg_client_hello(&spec, &len);
        cg_raw_send(fd, hello, len);
        free(hello);
    }
    if (act->nbytes)
        cg_raw_send(fd, act->bytes, act->nbytes);
    for (int i = 0; i < act->crowd; i++)
        crowd[i] = cg_raw_open(spec.port, &ignored);
    if (act->stall && !cg_raw_closed(fd, EVENT_MS))
        snprintf(result->error, sizeof result->error, "the broker did not close");
    close(fd);
    for (int i = 0; i < act->crowd; i++)
        close(crowd[i]);
}

static void run_plain(const struct run *run, struct result *result)
{
    unsigned char packet[256];
    size_t len = cg_mqtt_connect(false, "plain", NULL, packet);
    *result = (struct result){.alert = -1}; /* events do not contain the local port of a client without TLS */
    uint16_t ignored;
    int fd = cg_raw_open(cg_broker_plain_port(run->broker), &ignored);
    cg_raw_send(fd, packet, len);
    result->connack = cg_raw_connack(fd, EVENT_MS);
    result->accepted = result->connack == 0;
    close(fd);
}

static void run_row(struct run *run)
{
    const struct cg_act *act = &run->row->act;
    size_t mark = cg_pki_mark(run->pki);
    struct result result;
    cg_pki_make(run->pki, cg_row_recipe(run->row));
    cg_broker_skip_events(run->broker);
    if (act->plain)
        run_plain(run, &result);
    else if (act->raw)
        run_raw(run, &result);
    else
        run_tls(run, &result);
    bool ok = !*result.error || !act->raw;
    ok = as_expected(run, &result) && ok;
    cg_tap(ok, "%s (TLS 1.%c)", run->row->sentence, run->version == TLS1_2_VERSION ? '2' : '3');
    if (!ok)
        cg_tap_note("the client received: alert %d, CONNACK %d %s", result.alert, result.connack, result.error);
    cg_pki_rewind(run->pki, mark);
}

static size_t step; /* 1: every row; N: every Nth row */

static bool is_selected(size_t index)
{
    return (cg_scenario_at(index)->not_in & CG_CORE_ONLY) != CG_CORE_ONLY && index % step == 0;
}

static bool is_first_of_broker(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_selected(i) && cg_row_shares_broker(cg_scenario_at(i), cg_scenario_at(index)))
            return false;
    return true;
}

static void show_log(const struct cg_broker *broker)
{
    char *log = cg_broker_read(broker, CG_BROKER_LOG), *rest = log;
    for (char *line; (line = strsep(&rest, "\n")) && rest;)
        cg_tap_note("log: %s", line);
    free(log);
}

/* Runs the row and all later rows that share its broker. */
static void run_broker(size_t index)
{
    static const struct cg_broker_spec spec = {.options = "plugin_opt_policy FOLDER/policy.json", .plain = true};
    struct run run = {.row = cg_scenario_at(index), .broker = cg_broker_new("scenario")};
    run.pki = cg_row_pki(run.row, (int64_t)time(NULL));
    cg_row_write(run.row, run.pki, run.broker);
    bool started = cg_broker_start(run.broker, &spec);
    for (size_t i = index; started && cg_scenario_at(i); i++) {
        run.row = cg_scenario_at(i);
        if (!is_selected(i) || !cg_row_shares_broker(run.row, cg_scenario_at(index)))
            continue;
        run.version = TLS1_2_VERSION;
        if (!(run.row->not_in & CG_NOT_TLS12))
            run_row(&run);
        run.version = TLS1_3_VERSION;
        if (!(run.row->not_in & CG_NOT_TLS13))
            run_row(&run);
    }
    bool stopped = cg_broker_stop(run.broker);
    cg_tap(started && stopped, "the broker of these rows starts and ends without errors");
    if (!started || !stopped)
        show_log(run.broker);
    cg_broker_free(run.broker, !started || !stopped);
    cg_pki_free(run.pki);
}

int main(int argc, char **argv)
{
    size_t wanted = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    step = wanted ? wanted : 1;
    for (size_t i = 0; cg_scenario_at(i); i++)
        if (is_selected(i) && is_first_of_broker(i))
            run_broker(i);
    return cg_tap_done();
}
