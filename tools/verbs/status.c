/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/atomic_write.h"
#include "broker/mqtt.h"
#include "broker/tls_probe.h"
#include "ca_options/passphrase.h"
#include "core/file/file.h"
#include "status/prometheus.h"
#include "status/view.h"
#include "store/store.h"
#include "verbs.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIMEOUT_DEFAULT  10
#define TIMEOUT_MAX      3600
#define PAGE             100
#define POLICY_MAX       (60 << 10) /* the plugin takes requests of 64 KiB */
#define RELOAD_LOOKS     10
#define RELOAD_LOOK_MS   300
#define METRICS_FILEMODE 0644 /* node_exporter is another user; nothing in it is secret */

struct options {
    const char *as, *cafile, *cert, *key, *id, *username, *password_file;
    const char *explain, *end, *check_policy, *output;
    bool sessions, reload, prometheus;
    struct cg_number timeout;
};

static const struct cg_option options[] = {
    {"as", "NAME", "connect as this administrator: certificate and key in live/NAME, ca.pem in the CA's folder",
     CG_OPT_STRING, 0, AT(as)},
    {"cafile", "FILE", "trust anchors for the broker's certificate", CG_OPT_FILE, 0, AT(cafile)},
    {"cert", "FILE", "certificate of the administrator, with its chain", CG_OPT_FILE, 0, AT(cert)},
    {"key", "FILE", "key of the administrator; if it has a passphrase, certguard prompts for it", CG_OPT_FILE, 0,
     AT(key)},
    {"sessions", NULL, "list live sessions with their certificates", CG_OPT_FLAG, 0, AT(sessions)},
    {"explain", "CLIENT", "show the policy's current verdict on the session with this client id", CG_OPT_STRING, 0,
     AT(explain)},
    {"end", "CLIENT", "end the session with this client id", CG_OPT_STRING, 0, AT(end)},
    {"reload", NULL, "load changed files now, and report the result", CG_OPT_FLAG, 0, AT(reload)},
    {"check-policy", "FILE", "list the live sessions that this policy would refuse", CG_OPT_FILE, 0, AT(check_policy)},
    {"prometheus", NULL, "print metrics for node_exporter's textfile collector", CG_OPT_FLAG, 0, AT(prometheus)},
    {"output", "FILE", "write the metrics to FILE, atomically", CG_OPT_FILE, 'o', AT(output)},
    {"id", "ID", "MQTT client id, if the policy binds it to the certificate", CG_OPT_STRING, 0, AT(id)},
    {"username", "NAME", "user name, if the broker also requires a password", CG_OPT_STRING, 0, AT(username)},
    {"password-file", "FILE", "password: first line of FILE (readable only by you)", CG_OPT_FILE, 0, AT(password_file)},
    {"timeout", "DURATION", "timeout for the connection and for each answer (default 10s)", CG_OPT_DURATION, 0,
     AT(timeout)},
};

struct status_run {
    const struct cg_cli *cli;
    const struct options *options;
    struct cg_mqtt *mqtt;
};

/* Shows data, or prints it as JSON; frees it. */
static void present(const struct status_run *run, cJSON *data, void (*show)(const cJSON *))
{
    if (!run->cli->json)
        show(data);
    cg_result(run->cli, data);
}

static cJSON *query(const struct status_run *run, const char *name, const char *key, const char *value,
                    struct cg_error *err)
{
    cJSON *command = cg_json_of("command", name);
    if (key)
        cJSON_AddStringToObject(command, key, value);
    return cg_mqtt_ask(run->mqtt, command, err);
}

static int show_state(const struct status_run *run, struct cg_error *err)
{
    cJSON *data = query(run, "status", NULL, NULL, err);
    if (data)
        present(run, data, cg_status_show);
    return data ? CG_EXIT_OK : CG_EXIT_FAILED;
}

/* Joins all pages into one list. Sessions that start or end meanwhile may be missing. */
static int list_sessions(const struct status_run *run, struct cg_error *err)
{
    cJSON *whole = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(whole, "sessions");
    double total = 1;
    for (int offset = 0; list && offset < total; offset += PAGE) {
        cJSON *request = cg_json_of("command", "list_sessions");
        cJSON_AddNumberToObject(request, "offset", offset);
        cJSON_AddNumberToObject(request, "count", PAGE);
        cJSON *data = cg_mqtt_ask(run->mqtt, request, err);
        if (!data) {
            cJSON_Delete(whole);
            return CG_EXIT_FAILED;
        }
        total = cg_member_number(data, "total");
        cJSON *page = cJSON_GetObjectItemCaseSensitive(data, "sessions"), *item;
        while ((item = cJSON_DetachItemFromArray(page, 0)))
            cJSON_AddItemToArray(list, item);
        cJSON_Delete(data);
    }
    cJSON_AddNumberToObject(whole, "total", cJSON_GetArraySize(list));
    present(run, whole, cg_status_show_sessions);
    return CG_EXIT_OK;
}

static int explain(const struct status_run *run, struct cg_error *err)
{
    const char *id = run->options->explain ? run->options->explain : run->options->end;
    cJSON *data = query(run, "explain_session", "client_id", id, err);
    if (!data)
        return CG_EXIT_FAILED;
    bool accepted = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "accepted"));
    present(run, data, cg_status_show_session);
    return accepted || run->options->end ? CG_EXIT_OK : CG_EXIT_FINDINGS;
}

static int end(const struct status_run *run, struct cg_error *err)
{
    if (run->cli->dry_run) {
        cg_say(run->cli, "Would end this session:");
        return explain(run, err);
    }
    cJSON *data = query(run, "end_session", "client_id", run->options->end, err);
    if (!data)
        return CG_EXIT_FAILED;
    cg_say(run->cli, "Ended the session (connection %.64s).", cg_member_text(data, "conn"));
    cg_result(run->cli, data);
    return CG_EXIT_OK;
}

/* The "snapshot" object of the status: "number", "rejected". NULL with the error. */
static cJSON *snapshot_of(const struct status_run *run, struct cg_error *err)
{
    cJSON *data = query(run, "status", NULL, NULL, err);
    cJSON *snapshot = cJSON_DetachItemFromObjectCaseSensitive(data, "snapshot");
    cJSON_Delete(data);
    return snapshot;
}

static int print_reload(const struct status_run *run, cJSON *now, const char *result, const char *words, int code)
{
    cg_say(run->cli, "%s", words);
    cJSON_AddStringToObject(now, "result", result);
    cg_result(run->cli, now);
    return code;
}

/* The plugin answers before it loads the files; the counters of the status then show the result. */
static int reload(const struct status_run *run, struct cg_error *err)
{
    const struct timespec pause = {0, RELOAD_LOOK_MS * 1000000L};
    cJSON *before = snapshot_of(run, err);
    if (!before)
        return CG_EXIT_FAILED;
    if (run->cli->dry_run)
        return print_reload(run, before, "none", "Would request the broker to reload its files.", CG_EXIT_OK);
    cJSON *now = NULL, *answer = query(run, "reload", NULL, NULL, err);
    bool loaded = false, refused = false;
    for (int i = 0; answer && i < RELOAD_LOOKS && !loaded && !refused; i++) {
        nanosleep(&pause, NULL);
        cJSON_Delete(now);
        if (!(now = snapshot_of(run, err)))
            break;
        loaded = cg_member_number(now, "number") != cg_member_number(before, "number");
        refused = cg_member_number(now, "rejected") != cg_member_number(before, "rejected");
    }
    cJSON_Delete(before);
    cJSON_Delete(answer);
    if (!now)
        return CG_EXIT_FAILED;
    if (refused)
        return print_reload(run, now, "refused",
                            "The broker rejected the changed files and keeps the previous ones. For the reason, run "
                            "`certguard log --explain --event snapshot_rejected` on the event log.",
                            CG_EXIT_FINDINGS);
    return loaded ? print_reload(run, now, "loaded", "The changed files are in force.", CG_EXIT_OK)
                  : print_reload(run, now, "unchanged", "No file has changed.", CG_EXIT_OK);
}

/* Sends the text unchanged, so that errors name the right line. */
static int check_policy(const struct status_run *run, struct cg_error *err)
{
    struct cg_bytes text;
    if (!cg_file_read(run->options->check_policy, CG_FILE_PUBLIC, POLICY_MAX, &text, err))
        return CG_EXIT_FAILED;
    cJSON *data = query(run, "check_policy", "policy", (const char *)text.data, err);
    cg_bytes_free(&text);
    if (!data)
        return CG_EXIT_FAILED;
    bool clean = cg_member_number(data, "refused") == 0;
    present(run, data, cg_status_show_dryrun);
    return clean ? CG_EXIT_OK : CG_EXIT_FINDINGS;
}

/* With --output, certguard_up 0 is written if the broker does not answer: a stale metric is easily overlooked. */
static int write_metrics(const struct status_run *run, const cJSON *data, struct cg_error *err)
{
    const struct cg_owner owner = {(uid_t)-1, (gid_t)-1, METRICS_FILEMODE};
    char *text = NULL;
    size_t len = 0;
    if (!run->options->output) {
        cg_prometheus_write(stdout, data);
        return CG_EXIT_OK;
    }
    FILE *out = open_memstream(&text, &len);
    if (out)
        cg_prometheus_write(out, data);
    bool ok = out && fclose(out) == 0 && cg_write_replace(run->options->output, text, len, &owner, err);
    free(text);
    return ok ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static int metrics(const struct status_run *run, struct cg_error *err)
{
    cJSON *data = run->mqtt ? query(run, "status", NULL, NULL, err) : NULL;
    int code = CG_EXIT_FAILED;
    if (data)
        code = write_metrics(run, data, err);
    else if (run->options->output && !run->cli->dry_run)
        write_metrics(run, NULL, NULL);
    cJSON_Delete(data);
    return code;
}

typedef int act_fn(const struct status_run *run, struct cg_error *err);

/* The requested action; NULL: more than one. */
static act_fn *choose(const struct options *o)
{
    const struct {
        bool wanted;
        act_fn *act;
    } rows[] = {{o->sessions, list_sessions}, {o->explain, explain},           {o->end, end},
                {o->reload, reload},          {o->check_policy, check_policy}, {o->prometheus, metrics}};
    act_fn *act = NULL;
    for (size_t i = 0; i < CG_COUNT(rows); i++) {
        if (rows[i].wanted && act)
            return NULL;
        act = rows[i].wanted ? rows[i].act : act;
    }
    return act ? act : show_state;
}

/* Certificate, key and anchors: from their options, or of live/NAME in the CA's folder. */
struct files {
    char ca[PATH_MAX], cert[PATH_MAX], key[PATH_MAX];
};

static bool find_files(const struct cg_cli *cli, const struct options *o, struct files *files)
{
    snprintf(files->ca, PATH_MAX, "%s%s", o->cafile ? o->cafile : cli->dir, o->cafile ? "" : "/ca.pem");
    if (o->as) {
        snprintf(files->cert, PATH_MAX, "%.2000s/live/%.64s/fullchain.pem", cli->dir, o->as);
        snprintf(files->key, PATH_MAX, "%.2000s/live/%.64s/privkey.pem", cli->dir, o->as);
    }
    if (o->cert)
        snprintf(files->cert, PATH_MAX, "%s", o->cert);
    if (o->key)
        snprintf(files->key, PATH_MAX, "%s", o->key);
    return *files->cert && *files->key;
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    (void)values;
    return cg_host_port_ok(cli->args[0], "the broker's address", err);
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct status_run run = {.cli = cli, .options = o};
    struct cg_error err = {""};
    struct files files = {.ca = ""};
    char password[CG_PASSPHRASE_MAX] = "";
    int64_t timeout = o->timeout.given ? o->timeout.value : TIMEOUT_DEFAULT;
    act_fn *act = choose(o);
    if (!act)
        return cg_usage(cli, "use only one of --sessions, --explain, --end, --reload, --check-policy, --prometheus");
    if (o->output && !o->prometheus)
        return cg_usage(cli, "--output needs --prometheus");
    if (timeout < 1 || timeout > TIMEOUT_MAX)
        return cg_usage(cli, "--timeout: expected 1s to 1h");
    if (o->as && !cg_ca_name_valid(o->as, &err))
        return cg_usage(cli, "--as: %s", err.text);
    if (!find_files(cli, o, &files))
        return cg_usage(cli, "no administrator given; use --as NAME, or --cert FILE --key FILE");
    if (o->password_file && !cg_passphrase_of_file(o->password_file, "Password", password, &err))
        return cg_fail(cli, CG_EXIT_FAILED, &err);
    const struct cg_mqtt_target target = {
        cli->args[0],  files.ca, files.cert, files.key, o->id, o->username, o->password_file ? password : NULL,
        timeout * 1000};
    run.mqtt = cg_mqtt_open(&target, &err);
    int code = run.mqtt || act == metrics ? act(&run, &err) : CG_EXIT_FAILED;
    if (run.mqtt)
        cg_mqtt_close(run.mqtt);
    OPENSSL_cleanse(password, sizeof password);
    return code == CG_EXIT_FAILED ? cg_fail(cli, code, &err) : code;
}

const struct cg_verb cg_verb_status = {
    .name = "status",
    .group = CG_GROUP_CHECK,
    CG_ARGUMENTS("HOST[:PORT]", 1, 1),
    .summary = "show the status of a running broker: handshakes, sessions, expiry dates",
    .description = "Queries the plugin over MQTT and TLS on its control topic. The plugin answers only clients whose\n"
                   "certificates are in the policy's \"admin\" list; see certguard-control(5).\n\n"
                   "--check-policy tests a policy on all live sessions, with the loaded trust anchors and CRLs. It "
                   "changes\n"
                   "nothing. If the broker does not answer, --prometheus -o FILE writes certguard_up 0.",
    .examples = "certguard -C ca status broker.lan --as anna\n"
                "certguard status broker.lan:8883 --cafile ca.pem --cert anna.pem --key anna.key --sessions\n"
                "certguard -C ca status broker.lan --as anna --explain sensor4\n"
                "certguard -C ca status broker.lan --as anna --check-policy new-policy.json\n"
                "certguard -C ca status broker.lan --as monitor --prometheus -o "
                "/var/lib/prometheus/node-exporter/certguard.prom",
    .exits = "0 success, 1 no answer, 3 a session is not accepted, a policy would refuse sessions, or the broker "
             "rejected the changed files",
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run,
};
