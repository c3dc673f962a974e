/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/failure.h"
#include "broker/mqtt.h"
#include "broker/tls_probe.h"
#include "ca_options/ca_options.h"
#include "ca_options/hooks.h"
#include "ca_options/names.h"
#include "ca_options/passphrase.h"
#include "cli/tty.h"
#include "deploy/deploy.h"
#include "requests/decide.h"
#include "requests/find.h"
#include "requests/retire.h"
#include "requests/sign.h"
#include "requests_show.h"
#include "store/lock.h"
#include "verbs.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 10000
#define FAILED_MAX 3   /* answers, one after the other */
#define REASON_MAX 150 /* bytes; it goes to the device in one packet */

struct options {
    const char *spool, *broker, *as, *cafile, *id, *username, *password_file;
    bool sign, all, refuse;
    const char *reason, *retire;
};

static const struct cg_option options[] = {
    {"spool", "FOLDER", "the folder of \"renewal\" in the policy of a broker", CG_OPT_FOLDER, 0, AT(spool)},
    {"broker", "HOST[:PORT]", "ask this broker instead, over its control topic", CG_OPT_STRING, 0, AT(broker)},
    {"as", "NAME", "with --broker: connect with the certificate and key in live/NAME, one of \"signers\"",
     CG_OPT_STRING, 0, AT(as)},
    {"cafile", "FILE", "trust anchors for the broker's certificate (default: ca.pem of the CA)", CG_OPT_FILE, 0,
     AT(cafile)},
    {"id", "ID", "MQTT client id, if the policy binds it to the certificate", CG_OPT_STRING, 0, AT(id)},
    {"username", "NAME", "user name, if the broker also requires a password", CG_OPT_STRING, 0, AT(username)},
    {"password-file", "FILE", "password: first line of FILE (readable only by you)", CG_OPT_FILE, 0, AT(password_file)},
    {"sign", NULL, "sign the requests of these names", CG_OPT_FLAG, 0, AT(sign)},
    {"all", NULL, "sign all requests", CG_OPT_FLAG, 0, AT(all)},
    {"refuse", NULL, "refuse the requests of these names", CG_OPT_FLAG, 0, AT(refuse)},
    {"reason", "TEXT", "why they are refused; the device gets it", CG_OPT_STRING, 0, AT(reason)},
    {"retire", "keep|revoke",
     "with --sign: revoke a certificate 7 days after its successor was first used (default: keep)", CG_OPT_CHOICE, 0,
     AT(retire)},
};

struct run {
    const struct cg_cli *cli;
    const struct options *options;
    struct cg_ca *ca;
    struct cg_source source;
    struct cg_mqtt_target target; /* as long as the source */
    struct cg_issuer issuer;
    struct cg_cases cases;
    struct cg_case_list wanted; /* of the names given, or all; by time */
    cJSON *result;
    size_t issued, shortened, confirmed, revoked;
    bool failed;
};

static bool acts(const struct options *o)
{
    return o->sign || o->all || o->refuse;
}

/* ---- the source */

static bool connect_to(struct run *run, struct cg_error *err)
{
    const struct options *o = run->options;
    char ca[PATH_MAX], cert[PATH_MAX], key[PATH_MAX], password[CG_PASSPHRASE_MAX] = "";
    snprintf(ca, sizeof ca, "%s%s", o->cafile ? o->cafile : run->cli->dir, o->cafile ? "" : "/ca.pem");
    snprintf(cert, sizeof cert, "%.2000s/live/%.64s/fullchain.pem", run->cli->dir, o->as);
    snprintf(key, sizeof key, "%.2000s/live/%.64s/privkey.pem", run->cli->dir, o->as);
    if (o->password_file && !cg_passphrase_of_file(o->password_file, "Password", password, err))
        return false;
    run->target = (struct cg_mqtt_target){o->broker, ca, cert, key, o->id, o->username, NULL, TIMEOUT_MS};
    run->target.password = o->password_file ? password : NULL;
    struct cg_mqtt *mqtt = cg_mqtt_open(&run->target, err);
    OPENSSL_cleanse(password, sizeof password);
    run->target = (struct cg_mqtt_target){.host_port = o->broker, .timeout_ms = TIMEOUT_MS};
    return mqtt && cg_source_open_broker(&run->source, mqtt, err) && cg_source_list(&run->source, err);
}

/* With the rights of the owner of the CA's folder, which are in force now. */
static int open_spool(struct run *run, struct cg_error *err)
{
    const struct cg_ca_owner *owner = &run->ca->owner;
    const struct cg_spool_open open = {.dir = run->options->spool,
                                       .own = owner->other ? owner->uid : geteuid(),
                                       .writes = acts(run->options) && !run->cli->dry_run};
    const int code = cg_ca_exit_code(cg_source_open_spool(&run->source, &open, err));
    return code != CG_EXIT_OK || cg_source_list(&run->source, err) ? code : CG_EXIT_FAILED;
}

/* ---- what is wanted */

static bool is_wanted(const struct run *run, const struct cg_case *item)
{
    return !run->cli->nargs || (*item->name && cg_names_match(run->cli, item->name));
}

static int by_time(const void *a, const void *b)
{
    const struct cg_case *x = *(struct cg_case *const *)a, *y = *(struct cg_case *const *)b;
    const int64_t s = x->item->mail.received, t = y->item->mail.received;
    const int order = (s > t) - (s < t), names = strcmp(x->name, y->name);
    return order ? order : names ? names : strcmp(x->item->id, y->item->id);
}

static bool choose(struct run *run, struct cg_error *err)
{
    run->wanted.item = calloc(run->cases.count + 1, sizeof *run->wanted.item);
    if (!run->wanted.item)
        return cg_fail_memory(err);
    for (size_t i = 0; i < run->cases.count; i++)
        if (is_wanted(run, &run->cases.item[i]))
            run->wanted.item[run->wanted.count++] = &run->cases.item[i];
    if (run->wanted.count)
        qsort(run->wanted.item, run->wanted.count, sizeof *run->wanted.item, by_time);
    return true;
}

/* ---- signing */

static void note_issued(void *context, struct cg_case *item, const struct cg_renewed *renewed)
{
    struct run *run = context;
    const struct cg_cli *cli = run->cli;
    char end[24], serial[CG_SERIAL_TEXT_MAX];
    if (!renewed)
        return;
    run->issued++;
    run->shortened += renewed->issued.shortened;
    cg_date_text(X509_get0_notAfter(renewed->issued.cert), end);
    cg_say(cli, "%s the request of \"%s\": generation %u, serial %s, valid until %s.",
           cli->dry_run ? "Would sign" : "Signed", item->name, renewed->generation,
           cg_index_serial_text(renewed->issued.serial, serial), end);
}

/* The CA's key is read only if there is something to sign. */
static int issue(struct run *run, struct cg_error *err)
{
    struct cg_progress progress = cg_progress_of(run->cli, "signed");
    struct cg_cases_issue issue = {.ca = run->ca,
                                   .issuer = &run->issuer,
                                   .item = calloc(run->wanted.count + 1, sizeof(struct cg_case *)),
                                   .done = note_issued,
                                   .context = run,
                                   .progress = &progress};
    for (size_t i = 0; issue.item && i < run->wanted.count; i++)
        if (run->wanted.item[i]->state == CG_CASE_WAITING)
            issue.item[issue.count++] = run->wanted.item[i];
    int code = CG_EXIT_FAILED;
    if (!issue.item)
        cg_fail_memory(err);
    else if (!issue.count || cg_issuer_open_key(&run->issuer, err))
        code = cg_ca_exit_code(cg_cases_issue(&issue, err));
    cg_progress_clear();
    free(issue.item);
    return code;
}

static bool deploy_crl(struct run *run, const struct cg_revoked *revoked, struct cg_error *err)
{
    size_t targets = 0;
    const bool ok = cg_deploy_crl(run->ca, &targets, err);
    if (!ok)
        cg_error_prefix(err, "revoked, and the new CRL was written, but");
    cg_warn_settings(run->cli, &revoked->crl);
    return cg_verb_hooks(run->cli, run->ca, NULL, 0, cJSON_AddArrayToObject(run->result, "hooks")) && ok;
}

/* What was replaced, and what is retired: one CRL. */
static bool retire(struct run *run, struct cg_error *err)
{
    struct cg_retire list = {0};
    struct cg_revoked revoked = {0};
    const char *word = run->options->retire;
    const bool confirmed = word && strcmp(word, "revoke") == 0;
    char serial[CG_SERIAL_TEXT_MAX];
    bool ok = cg_retire_add_rivals(&list, &run->wanted, err) &&
              (!confirmed || cg_retire_add_confirmed(&list, &run->cases, err)) &&
              cg_retire_revoke(&list, run->ca, &revoked, err);
    for (size_t i = 0; ok && i < revoked.count; i++)
        cg_say(run->cli, "%s an earlier certificate of \"%s\", serial %s: superseded.",
               run->cli->dry_run ? "Would revoke" : "Revoked", revoked.item[i].name,
               cg_index_serial_text(revoked.item[i].serial, serial));
    run->revoked = ok ? revoked.count : 0;
    if (ok && !run->cli->dry_run)
        cg_cases_refuse_revoked(&run->wanted, &revoked);
    if (ok && revoked.count && !run->cli->dry_run)
        ok = deploy_crl(run, &revoked, err);
    cg_revoked_clear(&revoked);
    cg_retire_clear(&list);
    return ok;
}

static void warn_replaced(const struct run *run)
{
    for (size_t i = 0; i < run->wanted.count; i++)
        if (cg_case_replaces(run->wanted.item[i]))
            cg_warn(
                run->cli,
                "\"%s\": a certificate was issued for another request, and not used for an hour; it is revoked. Two "
                "devices may have the same key, or one may have lost what it got",
                run->wanted.item[i]->name);
}

static int sign(struct run *run, struct cg_error *err)
{
    const int code = issue(run, err);
    if (code != CG_EXIT_OK)
        return code;
    cg_say_shortened(run->cli, run->ca, run->shortened);
    warn_replaced(run);
    return cg_cases_note(&run->wanted, run->ca, err) && retire(run, err) ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static int refuse(struct run *run, struct cg_error *err)
{
    for (size_t i = 0; i < run->wanted.count; i++) {
        struct cg_case *item = run->wanted.item[i];
        if (item->state != CG_CASE_WAITING && item->state != CG_CASE_FORKED && item->state != CG_CASE_LATER)
            continue;
        cg_case_deny(item, run->options->reason);
        cg_say(run->cli, "%s the request of \"%s\".", run->cli->dry_run ? "Would refuse" : "Refused", item->name);
    }
    return cg_cases_note(&run->wanted, run->ca, err) ? CG_EXIT_OK : CG_EXIT_FAILED;
}

/* ---- answers */

/* One that fails holds back no other, but when the disk is full or the connection is lost, all of them fail. */
static bool answer_all(struct run *run, struct cg_error *err)
{
    size_t failed = 0;
    for (size_t i = 0; failed < FAILED_MAX && i < run->wanted.count; i++) {
        struct cg_case *item = run->wanted.item[i];
        if (cg_case_answer(item, &run->issuer, &run->source, &item->err)) {
            failed = 0;
            continue;
        }
        *err = item->err;
        item->state = CG_CASE_FAULTY;
        failed++;
    }
    return failed < FAILED_MAX;
}

/* The lock is not needed any more: answering a broker may take long. */
static bool answer(struct run *run, struct cg_error *err)
{
    if (run->cli->dry_run)
        return true;
    if (cg_lock_release(run->ca, err) && answer_all(run, err) && cg_source_flush(&run->source, err))
        return cg_source_sweep(&run->source, run->cli->now, err);
    cg_error_prefix(err, "the answers are not complete; the next run with --sign completes them");
    return false;
}

/* ---- the result */

/* Also what was named and cannot be signed, though it is no news. */
static bool is_reported(const struct run *run, const struct cg_case *item)
{
    const bool is_denied = run->options->refuse && item->refusal.reason == CG_REASON_RENEWAL_DENIED;
    const bool is_named = run->options->sign && run->cli->nargs;
    return item->state == CG_CASE_FORKED || item->state == CG_CASE_FAULTY || (cg_case_is_news(item) && !is_denied) ||
           (is_named && (item->state == CG_CASE_REFUSED || item->state == CG_CASE_LATER));
}

static void report(struct run *run)
{
    char title[256], why[1200];
    for (size_t i = 0; i < run->wanted.count; i++) {
        const struct cg_case *item = run->wanted.item[i];
        if (is_reported(run, item))
            cg_warn(run->cli, "%s: %s: %s", cg_case_title(item, title), cg_case_word(item->state),
                    cg_case_why(item, why));
    }
}

static int code_of(const struct run *run)
{
    int code = CG_EXIT_OK;
    for (size_t i = 0; i < run->wanted.count; i++) {
        const struct cg_case *item = run->wanted.item[i];
        const bool is_denied = run->options->refuse && item->refusal.reason == CG_REASON_RENEWAL_DENIED;
        if (item->state == CG_CASE_FAULTY)
            return CG_EXIT_FAILED;
        if (item->state == CG_CASE_FORKED || (cg_case_is_news(item) && !is_denied))
            code = CG_EXIT_FINDINGS;
    }
    return code;
}

static void finish(struct run *run)
{
    const struct cg_cli *cli = run->cli;
    cJSON *list = cJSON_AddArrayToObject(run->result, "requests");
    for (size_t i = 0; i < run->wanted.count; i++)
        cJSON_AddItemToArray(list, cg_case_json(run->wanted.item[i]));
    cJSON_AddBoolToObject(run->result, "more", run->source.is_more);
    if (acts(run->options)) {
        cJSON_AddNumberToObject(run->result, "signed", (double)run->issued);
        cJSON_AddNumberToObject(run->result, "confirmed", (double)run->confirmed);
        cJSON_AddNumberToObject(run->result, "revoked", (double)run->revoked);
    }
    if (run->source.is_more)
        cg_say(cli, "More requests wait than one run takes. Run the command again.");
    if (acts(run->options))
        cg_result_of_run(cli, run->result);
    else
        cg_result(cli, run->result);
    run->result = NULL;
}

static void list(const struct run *run)
{
    if (!run->cli->json)
        cg_cases_print(&run->wanted);
    if (!run->wanted.count)
        cg_say(run->cli, run->cli->nargs ? "No request of these names waits." : "No request waits.");
}

/* Confirmations first: they decide about other requests. */
static int prepare(struct run *run, struct cg_error *err)
{
    int code = run->options->spool ? open_spool(run, err) : CG_EXIT_OK;
    if (code != CG_EXIT_OK)
        return code;
    const bool ok = cg_verb_prepare_issuer(&run->issuer, run->cli, run->ca, err) &&
                    cg_cases_find(&run->cases, &run->issuer, &run->source, err) &&
                    (!acts(run->options) || cg_cases_confirm(&run->cases, run->ca, &run->confirmed, err)) &&
                    cg_cases_decide(&run->cases, err) && choose(run, err);
    return ok ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static int fail_nothing_wanted(const struct run *run, struct cg_error *err)
{
    const struct options *o = run->options;
    cg_error_set(err, "no request of \"%s\" waits. List them: %s requests --%s %s%s%s", run->cli->args[0],
                 run->cli->prefix, o->spool ? "spool" : "broker", o->spool ? o->spool : o->broker,
                 o->spool ? "" : " --as ", o->spool ? "" : o->as);
    return CG_EXIT_FAILED;
}

static int act(struct run *run, struct cg_error *err)
{
    if (run->cli->nargs && !run->wanted.count)
        return fail_nothing_wanted(run, err);
    const int code = run->options->refuse ? refuse(run, err) : sign(run, err);
    if (code != CG_EXIT_OK)
        return code;
    if (!run->issued && !run->options->refuse)
        cg_say(run->cli, "Nothing was to be signed.");
    const bool ok = answer(run, err);
    report(run);
    const int found = code_of(run);
    if (!ok)
        return CG_EXIT_FAILED;
    finish(run);
    return found == CG_EXIT_FAILED ? CG_REPORTED(found) : found;
}

static int work(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct run *run = context;
    (void)cli;
    run->ca = ca;
    run->result = cJSON_CreateObject();
    int code = prepare(run, err);
    if (code == CG_EXIT_OK && acts(run->options)) {
        code = act(run, err);
    } else if (code == CG_EXIT_OK) {
        list(run);
        const int found = code_of(run);
        code = found == CG_EXIT_FAILED ? CG_REPORTED(found) : found;
        finish(run);
    }
    cJSON_Delete(run->result);
    free(run->wanted.item);
    cg_cases_clear(&run->cases);
    cg_issuer_close(&run->issuer);
    return code;
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    const struct options *o = values;
    const bool signs = o->sign || o->all;
    if (!o->spool == !o->broker)
        return cg_fail_text(err, "expected --spool FOLDER or --broker HOST");
    if (o->broker && (!o->as || !cg_host_port_ok(o->broker, "--broker", err)))
        return o->as ? false : cg_fail_text(err, "--broker needs --as NAME");
    if (o->as && !cg_ca_name_valid(o->as, err))
        return false;
    if (signs && o->refuse)
        return cg_fail_text(err, "--sign and --refuse exclude each other");
    if (o->all ? cli->nargs > 0 : acts(o) && !cli->nargs)
        return cg_fail_text(err, o->all ? "--all takes no names" : "expected one or more names, or --all");
    if (o->refuse != (o->reason != NULL))
        return cg_fail_text(err, "--refuse and --reason TEXT belong together");
    if (o->reason && (!*o->reason || strlen(o->reason) > REASON_MAX))
        return cg_fail_text(err, "--reason: expected 1 to %d bytes", REASON_MAX);
    return !o->retire || signs || cg_fail_text(err, "--retire needs --sign");
}

static int run_verb(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct cg_error err = {""};
    struct run run = {.cli = cli, .options = o};
    int code = CG_EXIT_OK;
    if (o->broker && !connect_to(&run, &err))
        code = cg_fail(cli, CG_EXIT_FAILED, &err);
    if (code == CG_EXIT_OK && (o->sign || o->all))
        cg_passphrase_ahead(cli, "ca");
    if (code == CG_EXIT_OK)
        code = cg_verb_with_ca(cli, acts(o) ? CG_CA_WRITE : CG_CA_READ, work, &run);
    cg_source_close(&run.source);
    return code;
}

const struct cg_verb cg_verb_requests = {
    .name = "requests",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("[NAME...]", 0, -1),
    .completes = CG_WORD_NAME,
    .summary = "list, sign or refuse the requests of devices that renew over MQTT",
    .description =
        "Lists the requests in the spool of a broker, or of a broker that is asked over its control topic. With\n"
        "--sign, signs those of the names given, or all, and answers them. NAME may contain wildcards.\n\n"
        "The CA trusts no check of the broker. The current certificate must be one that this CA issued for a client,\n"
        "not revoked and not expired; the request must be signed with its key and with the new one; half of the\n"
        "lifetime must be over. Names and lifetime of the new certificate are those in archive/. What a rule refuses\n"
        "is answered with its code of certguard-reasons(5), and looked at again in the next run.\n\n"
        "States: \"waiting\" can be signed. \"answered\" was signed. \"confirmed\": the new certificate was used. "
        "\"later\":\n"
        "another request for the same certificate was signed less than an hour ago. \"forked\": another request for "
        "the\n"
        "same certificate got one that is in use, so two devices have the same key, or a device was restored from a\n"
        "backup. A person decides: refuse it, and revoke what is not to be trusted.",
    .examples = "certguard requests --spool /var/lib/mosquitto/renewal\n"
                "certguard requests --spool /var/lib/mosquitto/renewal --sign --all --passphrase-file "
                "/root/ca-passphrase\n"
                "certguard requests --broker broker.lan --as signer --sign pump-7\n"
                "certguard requests --spool /var/lib/mosquitto/renewal --refuse pump-8 --reason 'it was stolen'",
    .exits = "0 success, 1 a request could not be read or signed, 3 a request was refused by a rule or needs a "
             "person's "
             "decision, 75 another run is working on the CA or the spool",
    .needs_key = true,
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run_verb,
};
