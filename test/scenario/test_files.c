/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Invalid files. At startup, the broker does not start, and its log names the fault. If only the clock or an expiry is the
 * fault, it starts, refuses TLS clients and logs it. Later, the broker keeps the files it has loaded, and an event gives the
 * reason. Each row breaks one part of a valid configuration. */
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
    enum cg_reason reason; /* of the event, if the fault occurs later; CG_REASON_UNSET: only at startup */
    const char *words;     /* in the log, or in the event's detail */
    const char *options;   /* plugin_opt lines, only at startup; NULL: the policy */
    const char *policy;    /* NULL: GOOD */
    const char *recipe;    /* more certificates */
    const char *file;      /* a file that the policy names, which contains */
    const char *names;     /* these certificates or CRLs, */
    const char *text;      /* or this text */
    const char *key;       /* the name whose key is written to new-key.pem */
    bool starts;           /* the broker starts, and refuses TLS clients */
} rows[] = {
    {"an unknown key in the policy", CG_REASON_POLICY_INVALID, "colour",
     .policy = "{" TRUST ", " LOG ", \"colour\": 1}"},
    {"a wrong type in the policy", CG_REASON_POLICY_INVALID, "max_depth",
     .policy = "{" TRUST ", " LOG ", \"client\": {\"max_depth\": \"two\"}}"},
    {"a truncated policy", CG_REASON_POLICY_INVALID, "policy.json", .policy = "{" TRUST ", \"cli"},
    {"an empty policy file", CG_REASON_POLICY_INVALID, "policy.json", .policy = ""},
    {"a policy that names a missing file", CG_REASON_TRUST_INVALID, "missing.pem",
     .policy = "{\"trust\": {\"anchors\": \"missing.pem\"}, " LOG "}"},
    {"garbage instead of trust anchors", CG_REASON_TRUST_INVALID, "ca.pem", .file = "ca.pem", .text = "garbage\n"},
    {"no self-signed certificate among the anchors", CG_REASON_TRUST_INVALID, "ca2.pem",
     .policy = "{\"trust\": {\"anchors\": \"ca2.pem\"}, " LOG "}", .file = "ca2.pem", .names = "inter"},
    {"a CRL with a changed signature", CG_REASON_CRL_INVALID, "crl.pem",
     .policy = "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, " LOG "}",
     .recipe = "r: crl issuer=root broken-signature", .file = "crl.pem", .names = "r"},
    {"a CRL of an unknown CA", CG_REASON_CRL_INVALID, "crl.pem",
     .policy = "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, " LOG "}",
     .recipe = "odd: ca\nr: crl issuer=odd", .file = "crl.pem", .names = "r"},
    {"a delta CRL", CG_REASON_CRL_INVALID, "crl.pem",
     .policy = "{\"trust\": {\"anchors\": \"ca.pem\", \"crls\": \"crl.pem\"}, " LOG "}",
     .recipe = "r: crl issuer=root number=3 delta=2", .file = "crl.pem", .names = "r"},
    {"a credential with the key of another certificate", CG_REASON_CREDENTIAL_INVALID, "new-key.pem",
     .policy = "{" TRUST ", " LOG ", " CREDENTIAL "}", .recipe = "new: server issuer=root", .file = "new.pem",
     .names = "new", .key = "root"},
    {"an expired credential", CG_REASON_CREDENTIAL_INVALID, "expired", .policy = "{" TRUST ", " LOG ", " CREDENTIAL "}",
     .recipe = "new: server issuer=root days=-9..-1", .file = "new.pem", .names = "new", .key = "new", .starts = true},
    {"a credential of an unknown CA", CG_REASON_CREDENTIAL_INVALID, "untrusted",
     .policy = "{" TRUST ", " LOG ", " CREDENTIAL "}", .recipe = "odd: ca\nnew: server issuer=odd", .file = "new.pem",
     .names = "new", .key = "new"},
    {"a client's certificate as the credential", CG_REASON_CREDENTIAL_INVALID, "wrong_purpose",
     .policy = "{" TRUST ", " LOG ", " CREDENTIAL "}", .recipe = "new: issuer=root", .file = "new.pem", .names = "new",
     .key = "new"},
    {"an unknown option", CG_REASON_UNSET, "plugin_opt_colour",
     .options = "plugin_opt_policy FOLDER/policy.json\nplugin_opt_colour red"},
    {"neither policy nor anchors", CG_REASON_UNSET, "plugin_opt_trust_anchors", .options = ""},
    {"policy and anchors", CG_REASON_UNSET, "found both",
     .options = "plugin_opt_policy FOLDER/policy.json\nplugin_opt_trust_anchors FOLDER/ca.pem"},
    {"a broker certificate of an unknown CA", CG_REASON_UNSET, "untrusted", .recipe = "odd: ca\nnew: server issuer=odd",
     .file = "chain.pem", .names = "new", .key = "new"},
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

static bool dev_connects(const struct cg_broker *broker, const struct cg_pki *pki)
{
    struct cg_client_spec spec = {.port = cg_broker_port(broker), .leaf = cg_pki_cert(pki, "dev"), .client_id = "dev"};
    struct cg_client_result result;
    spec.key = cg_pki_key(pki, "dev");
    cg_client_connect(&spec, &result);
    bool accepted = result.accepted;
    cg_client_close(&result);
    return accepted;
}

/* The plugin checks the broker's certificate as soon as the listeners exist, so a broker may start and end. */
static void test_at_startup(const struct row *row)
{
    struct cg_broker *broker = cg_broker_new("files");
    struct cg_pki *pki = cg_pki_new((int64_t)time(NULL));
    struct cg_broker_spec spec = good;
    if (row->options)
        spec.options = row->options;
    write_good(broker, pki);
    write_bad(broker, pki, row);
    bool starts = cg_broker_start(broker, &spec), as_expected;
    if (row->starts)
        as_expected = starts && !dev_connects(broker, pki) && cg_broker_stop(broker);
    else
        as_expected = !starts || cg_broker_ended(broker, EVENT_MS);
    char *log = cg_broker_read(broker, CG_BROKER_LOG);
    cg_tap(as_expected && strstr(log, "certguard: ") && strstr(log, row->words), "%s: the broker %s", row->sentence,
           row->starts ? "refuses TLS clients" : "does not start");
    cg_tap_note("%s", strstr(log, "certguard: ") ? strstr(log, "certguard: ") : log);
    free(log);
    cg_broker_free(broker, false);
    cg_pki_free(pki);
}

static void test_later(const struct row *row)
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
    bool logged = code && strcmp(code, cg_reason_row(row->reason)->code) == 0 && strstr(line, row->words);
    bool accepts = started && dev_connects(broker, pki);
    bool stopped = cg_broker_stop(broker);
    cg_tap(logged && accepts && stopped, "%s, later: the broker keeps its files and logs the fault", row->sentence);
    cg_tap_note("%s, accepts clients: %d, ends without errors: %d; %s", cg_reason_row(row->reason)->code, accepts,
                stopped, line ? line : "no event");
    cJSON_Delete(event);
    free(line);
    cg_broker_free(broker, !(logged && accepts && stopped));
    cg_pki_free(pki);
}

/* Without a policy file, the strict default applies. */
static void test_strict_default(void)
{
    static const struct cg_broker_spec spec = {.options = "plugin_opt_trust_anchors FOLDER/ca.pem"};
    struct cg_broker *broker = cg_broker_new("files");
    struct cg_pki *pki = cg_pki_new((int64_t)time(NULL));
    write_good(broker, pki);
    bool started = cg_broker_start(broker, &spec), accepts_valid = started && dev_connects(broker, pki);
    cg_pki_make(pki, "dev: issuer=root eku=serverAuth");
    bool accepts_invalid = started && dev_connects(broker, pki), stopped = cg_broker_stop(broker);
    cg_tap(accepts_valid && !accepts_invalid && stopped,
           "anchors only: the strict default accepts a valid client and refuses an invalid one");
    cg_broker_free(broker, false);
    cg_pki_free(pki);
}

int main(void)
{
    test_strict_default();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_at_startup(&rows[i]);
        if (rows[i].reason)
            test_later(&rows[i]);
    }
    return cg_tap_done();
}
