/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Faults of files: with one at the start the broker does not start and its log says what is wrong, or, where time alone is at
 * fault, it refuses TLS clients and says so; with one later the broker goes on with what it had, and an event says why. Each
 * row breaks one thing of a good set-up. */
#include "lib/broker.h"
#include "lib/pki_maker.h"
#include "lib/tap.h"
#include "lib/tls_client.h"

#include "core/base/reason.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVENT_MS 5000

#define TRUST      "\"trust\": {\"anchors\": \"ca.pem\"}"
#define LOG        "\"log\": {\"file\": \"events.jsonl\"}"
#define CREDENTIAL "\"credential\": {\"chain\": \"new.pem\", \"key\": \"new-key.pem\"}"
#define GOOD       "{" TRUST ", " LOG "}"

static const struct row {
    const char *sentence;
    enum cg_reason reason; /* of the event when it comes later; CG_REASON_UNSET: at the start only */
    const char *words;     /* in the log, or in the event's detail */
    const char *options;   /* plugin_opt lines; NULL: the policy. At the start only */
    const char *policy;    /* NULL: GOOD */
    const char *recipe;    /* more certificates */
    const char *file;      /* this file of the policy's gets */
    const char *names;     /* these, or */
    const char *text;      /* this */
    const char *key;       /* whose key new-key.pem is */
    bool waits;            /* at the start: the broker starts */
} rows[] = {
    {"an unknown key in the policy", CG_REASON_POLICY_INVALID, "colour",
     .policy = "{" TRUST ", " LOG ", \"colour\": 1}"},
    {"a wrong type in the policy", CG_REASON_POLICY_INVALID, "max_depth",
     .policy = "{" TRUST ", " LOG ", \"client\": {\"max_depth\": \"two\"}}"},
    {"a policy that is cut in the middle", CG_REASON_POLICY_INVALID, "policy.json", .policy = "{" TRUST ", \"cli"},
    {"an empty policy file", CG_REASON_POLICY_INVALID, "policy.json", .policy = ""},
    {"a policy that names a file that is not there", CG_REASON_TRUST_INVALID, "missing.pem",
     .policy = "{\"trust\": {\"anchors\": \"missing.pem\"}, " LOG "}"},
    {"garbage in place of trust anchors", CG_REASON_TRUST_INVALID, "ca.pem", .file = "ca.pem", .text = "garbage\n"},
    {"no self-signed certificate among the anchors", CG_REASON_TRUST_INVALID, "ca2.pem",
     .policy = "{\"trust\": {\"anchors\": \"ca2.pem\"}, " LOG "}", .file = "ca2.pem", .names = "inter"},
    {"a CRL whose signature was changed", CG_REASON_CRL_INVALID, "crl.pem",
     .policy = "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, " LOG "}",
     .recipe = "r: crl issuer=root broken-signature", .file = "crl.pem", .names = "r"},
    {"a CRL of a CA that is not ours", CG_REASON_CRL_INVALID, "crl.pem",
     .policy = "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, " LOG "}",
     .recipe = "odd: ca\nr: crl issuer=odd", .file = "crl.pem", .names = "r"},
    {"a delta CRL", CG_REASON_CRL_INVALID, "crl.pem",
     .policy = "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, " LOG "}",
     .recipe = "r: crl issuer=root number=3 delta=2", .file = "crl.pem", .names = "r"},
    {"a credential whose key belongs to another certificate", CG_REASON_CREDENTIAL_INVALID, "new-key.pem",
     .policy = "{" TRUST ", " LOG ", " CREDENTIAL "}", .recipe = "new: server issuer=root", .file = "new.pem",
     .names = "new", .key = "root"},
    {"a credential that expired", CG_REASON_CREDENTIAL_INVALID, "expired",
     .policy = "{" TRUST ", " LOG ", " CREDENTIAL "}", .recipe = "new: server issuer=root days=-9..-1",
     .file = "new.pem", .names = "new", .key = "new", .waits = true},
    {"a credential of an unknown CA", CG_REASON_CREDENTIAL_INVALID, "untrusted",
     .policy = "{" TRUST ", " LOG ", " CREDENTIAL "}", .recipe = "odd: ca\nnew: server issuer=odd", .file = "new.pem",
     .names = "new", .key = "new"},
    {"a client's certificate as credential", CG_REASON_CREDENTIAL_INVALID, "wrong_purpose",
     .policy = "{" TRUST ", " LOG ", " CREDENTIAL "}", .recipe = "new: issuer=root", .file = "new.pem", .names = "new",
     .key = "new"},
    {"an option that does not exist", CG_REASON_UNSET, "plugin_opt_colour",
     .options = "plugin_opt_policy FOLDER/policy.json\nplugin_opt_colour red"},
    {"neither policy nor anchors", CG_REASON_UNSET, "plugin_opt_trust_anchors", .options = ""},
    {"policy and anchors", CG_REASON_UNSET, "found both",
     .options = "plugin_opt_policy FOLDER/policy.json\nplugin_opt_trust_anchors FOLDER/ca.pem"},
    {"a broker's own certificate of an unknown CA", CG_REASON_UNSET, "untrusted",
     .recipe = "odd: ca\nnew: server issuer=odd", .file = "chain.pem", .names = "new", .key = "new"},
};

static const struct cg_broker_spec good = {.options = "plugin_opt_policy FOLDER/policy.json"};

static void write_good(const struct cg_broker *broker, struct cg_pki *pki)
{
    cg_pki_make(pki, "root: ca\ninter: issuer=root ca\nbroker: server issuer=root\ndev: issuer=root\n");
    cg_pki_write_folder(pki, cg_broker_folder(broker), "root", "broker", "");
    cg_broker_write(broker, "policy.json", GOOD);
}

static void write_bad(const struct cg_broker *broker, struct cg_pki *pki, const struct row *row)
{
    const char *folder = cg_broker_folder(broker);
    if (row->recipe)
        cg_pki_make(pki, row->recipe);
    if (row->file && row->names)
        cg_pki_write(pki, folder, row->file, row->names);
    if (row->file && row->text)
        cg_broker_write(broker, row->file, row->text);
    if (row->key)
        cg_pki_write_key(pki, folder, strcmp(row->file, "chain.pem") == 0 ? "key.pem" : "new-key.pem", row->key);
    if (row->policy)
        cg_broker_write(broker, "policy.json", row->policy);
}

static bool dev_gets_in(const struct cg_broker *broker, const struct cg_pki *pki)
{
    struct cg_client_spec spec = {.port = cg_broker_port(broker), .leaf = cg_pki_cert(pki, "dev"), .client_id = "dev"};
    struct cg_client_result result;
    spec.key = cg_pki_key(pki, "dev");
    cg_client_connect(&spec, &result);
    bool accepted = result.accepted;
    cg_client_close(&result);
    return accepted;
}

/* Its own certificate is looked at as soon as its listeners are there. */
static void at_start(const struct row *row)
{
    struct cg_broker *broker = cg_broker_new("files");
    struct cg_pki *pki = cg_pki_new((int64_t)time(NULL));
    struct cg_broker_spec spec = good;
    if (row->options)
        spec.options = row->options;
    write_good(broker, pki);
    write_bad(broker, pki, row);
    bool starts = cg_broker_start(broker, &spec), as_expected;
    if (row->waits)
        as_expected = starts && !dev_gets_in(broker, pki) && cg_broker_stop(broker);
    else
        as_expected = !starts || cg_broker_ended(broker, EVENT_MS);
    char *log = cg_broker_read(broker, CG_BROKER_LOG);
    cg_tap(as_expected && strstr(log, "certguard: ") && strstr(log, row->words), "%s: the broker %s", row->sentence,
           row->waits ? "refuses TLS clients" : "does not start");
    cg_tap_note("%s", strstr(log, "certguard: ") ? strstr(log, "certguard: ") : log);
    free(log);
    cg_broker_free(broker, false);
    cg_pki_free(pki);
}

static void later(const struct row *row)
{
    struct cg_broker *broker = cg_broker_new("files");
    struct cg_pki *pki = cg_pki_new((int64_t)time(NULL));
    write_good(broker, pki);
    bool started = cg_broker_start(broker, &good);
    write_bad(broker, pki, row);
    if (started)
        kill(cg_broker_pid(broker), SIGHUP);
    char *line = started ? cg_broker_event(broker, NULL, "snapshot_rejected", EVENT_MS) : NULL;
    cJSON *event = line ? cJSON_Parse(line) : NULL;
    const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "reason"));
    bool told = code && strcmp(code, cg_reason_row(row->reason)->code) == 0 && strstr(line, row->words);
    bool goes_on = started && dev_gets_in(broker, pki);
    bool stopped = cg_broker_stop(broker);
    cg_tap(told && goes_on && stopped, "%s, later: the broker goes on and tells it", row->sentence);
    cg_tap_note("%s, lets in: %d, ends well: %d; %s", cg_reason_row(row->reason)->code, goes_on, stopped,
                line ? line : "no event");
    cJSON_Delete(event);
    free(line);
    cg_broker_free(broker, !(told && goes_on && stopped));
    cg_pki_free(pki);
}

/* Without a policy file the strict default holds. */
static void strict_default(void)
{
    static const struct cg_broker_spec spec = {.options = "plugin_opt_trust_anchors FOLDER/ca.pem"};
    struct cg_broker *broker = cg_broker_new("files");
    struct cg_pki *pki = cg_pki_new((int64_t)time(NULL));
    write_good(broker, pki);
    bool started = cg_broker_start(broker, &spec), good_in = started && dev_gets_in(broker, pki);
    cg_pki_make(pki, "dev: issuer=root eku=serverAuth");
    bool bad_in = started && dev_gets_in(broker, pki), stopped = cg_broker_stop(broker);
    cg_tap(good_in && !bad_in && stopped, "anchors alone: the strict default lets the good client in, not the bad one");
    cg_broker_free(broker, false);
    cg_pki_free(pki);
}

int main(void)
{
    strict_default();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        at_start(&rows[i]);
        if (rows[i].reason)
            later(&rows[i]);
    }
    return cg_tap_done();
}
