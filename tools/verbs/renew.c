/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/renew.h"
#include "base/failure.h"
#include "broker/tls_probe.h"
#include "ca/names.h"
#include "ca_options/ca_options.h"
#include "ca_options/hooks.h"
#include "ca_options/names.h"
#include "ca_options/passphrase.h"
#include "deploy/deploy.h"
#include "deploy/generation.h"
#include "deploy/renewal.h"
#include "deploy/rotation.h"
#include "renew_from.h"
#include "store/lock.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>

struct options {
    struct cg_renew_params params; /* without profile, names and write, which the run adds */
    bool all, due;
    const char *as;
    struct cg_list san;
    struct cg_renew_from from;
};

static const struct cg_option options[] = {
    {"all", NULL, "renew every name of this CA", CG_OPT_FLAG, 0, AT(all)},
    {"due", NULL, "renew only what is due: after 2/3 of the lifetime, or 1/2 if the lifetime is 10 days or less",
     CG_OPT_FLAG, 0, AT(due)},
    {"reuse-key", NULL,
     "keep the key, for clients that pin it (default: create a new key); remembered, except with --all", CG_OPT_FLAG, 0,
     AT(params.reuse_key)},
    {"new-key", NULL, "create a new key, also for a name of --reuse-key; remembered, except with --all", CG_OPT_FLAG, 0,
     AT(params.new_key)},
    {"lifetime", "DURATION", "validity (default: unchanged)", CG_OPT_LIFETIME, 0, AT(params.lifetime)},
    {"as", "broker|bridge|client", "type of the new certificate, for an imported one that has none", CG_OPT_CHOICE, 0,
     AT(as)},
    {"san", "TYPE:NAME", "replace the SANs of the old certificate (repeatable)", CG_OPT_LIST, 0, AT(san)},
    {"from", "HOST[:PORT]", "on a device: renew the certificate in FOLDER through this broker", CG_OPT_STRING, 0,
     AT(from.host)},
    {"id", "ID",
     "with --from: MQTT client id (default: the common name with ~renew, so that the device's own session continues)",
     CG_OPT_STRING, 0, AT(from.id)},
    {"username", "NAME", "with --from: user name, if the broker also requires a password", CG_OPT_STRING, 0,
     AT(from.username)},
    {"password-file", "FILE", "with --from: password: first line of FILE (readable only by you)", CG_OPT_FILE, 0,
     AT(from.password_file)},
    {"timeout", "DURATION", "with --from: timeout for the connection and for each answer (default 20s)",
     CG_OPT_DURATION, 0, AT(from.timeout)},
    {"hook", "COMMAND", "with --from: run COMMAND after the certificate changed, until it succeeds", CG_OPT_STRING, 0,
     AT(from.hook)},
};

struct run {
    const struct cg_cli *cli;
    struct cg_ca *ca;
    const struct options *options;
    struct cg_issuer issuer;
    bool is_open;                  /* the issuer: opened, with its passphrase, by the first renewal */
    struct cg_renew_params params; /* those of the options, complete */
    GENERAL_NAMES *names;          /* of --san */
    struct cg_serials revoked;     /* read when the lock was taken */
    cJSON *renewed, *failed;
    size_t skipped, shortened;
    size_t busy; /* being rotated by another run */
    bool broken; /* one failed for another reason */
};

static bool is_due(const struct run *run, bool is_known, int64_t due)
{
    return !run->options->due || (is_known && due <= run->cli->now);
}

/* The certificate came by its device's request, and only the device has the key: with --all it is left to the device, as are the
 * folders of the name, where the old key fits until the device has replaced it. */
static bool is_left_to_device(const struct run *run, const char *name)
{
    return run->options->all && cg_successor_is_live(run->ca, name);
}

/* With --all, revoked ones are skipped; named, they are an error. */
static bool is_wanted(struct run *run, const char *name, bool *wanted, struct cg_error *err)
{
    int64_t due = 0;
    X509 *cert = cg_ca_live_cert(run->ca, name, err);
    if (!cert)
        return false;
    const bool is_known = cg_renewal_due(cert, run->cli->now, &due);
    bool revoked = false, ok = !run->options->all || cg_index_is_revoked(run->ca, cert, &revoked, err);
    *wanted = is_due(run, is_known, due) && !revoked && !is_left_to_device(run, name);
    X509_free(cert);
    return ok;
}

/* Also for what is not due: an earlier run may have been killed between renewal and deployment. */
static bool deploy_again(struct run *run, const char *name, bool say, struct cg_error *err)
{
    struct cg_targets targets;
    bool ok = cg_targets_load(run->ca, name, &targets, err) && cg_deploy_name(run->ca, &targets, err);
    for (size_t i = 0; ok && say && i < targets.count; i++)
        cg_say(run->cli, "  deployed to %s", targets.item[i].to);
    cg_targets_clear(&targets);
    return ok;
}

/* A live generation that is revoked or expired is not deployed: the folders may hold one that still works. */
static bool deploy_unchanged(struct run *run, const char *name, struct cg_error *err)
{
    const unsigned live = cg_generation_live(run->ca, name);
    const char *prefix = run->cli->prefix;
    struct cg_error ignored = {""};
    bool done = false;
    if (cg_generation_is_valid(run->ca, name, live, &ignored))
        return deploy_again(run, name, false, err);
    if (!cg_deploy_is_done(run->ca, name, &done, &ignored) || !done)
        cg_warn(run->cli,
                "%s: the live generation %u is revoked or not valid now, so it was not deployed; its folders were left "
                "unchanged. To return to an earlier one: %s deploy %s --rollback; for a new one: %s issue",
                name, live, prefix, name, prefix);
    return true;
}

/* With --all, the next run renews it; named, it is an error. */
static bool leave_busy(struct run *run, const char *name, struct cg_error *err)
{
    run->busy++;
    if (!run->options->all)
        return cg_rotation_fail_busy(name, err);
    cg_say(run->cli, "Another run is rotating \"%s\" now; skipped.", name);
    return true;
}

static bool open_issuer(struct run *run, struct cg_error *err)
{
    run->is_open = run->is_open || cg_verb_open_issuer(&run->issuer, run->cli, run->ca, err);
    return run->is_open;
}

/* A name that was given must get the new key that was asked for; --all renews the others. */
static bool can_have_new_key(const struct run *run, const char *name, struct cg_error *err)
{
    char file[CG_NAME_MAX + 32];
    snprintf(file, sizeof file, "live/%s/privkey.pem", name);
    if (run->options->all || !run->params.new_key || cg_ca_has(run->ca, file))
        return true;
    return cg_fail_text(err,
                        "cannot make a new key: only the device has the key of \"%s\". Make one there, and sign its "
                        "request under another name: certguard -C %s sign FILE --name NEW_NAME",
                        name, run->ca->word);
}

/* Whether to keep the key becomes a setting of a name that was given. */
static bool remember_key(struct run *run, const char *name, struct cg_renew_params *params, struct cg_error *err)
{
    const bool reuse = params->reuse_key;
    params->remember_key = !run->options->all && (reuse || params->new_key) &&
                           cg_settings_reuse_key(&run->issuer.settings, name) != reuse;
    return !params->remember_key || cg_settings_set_reuse_key(&run->issuer.settings, name, reuse, err);
}

/* Takes the result. */
static void note_renewed(struct run *run, const char *name, struct cg_renewed *renewed)
{
    const struct cg_cli *cli = run->cli;
    char end[24], serial[CG_SERIAL_TEXT_MAX];
    run->shortened += renewed->issued.shortened;
    cg_date_text(X509_get0_notAfter(renewed->issued.cert), end);
    cg_say(cli, "%s \"%s\", generation %u, %s key, serial %s, valid until %s.",
           cli->dry_run ? "Would renew" : "Renewed", name, renewed->generation, renewed->new_key ? "new" : "same",
           cg_index_serial_text(renewed->issued.serial, serial), end);
    cJSON_AddItemToArray(run->renewed, renewed->result);
    renewed->result = NULL;
}

static void note_skipped(struct run *run, const char *name)
{
    run->skipped++;
    cg_detail(run->cli, is_left_to_device(run, name) ? "\"%s\" is renewed by its device." : "\"%s\" is not due.", name);
}

static bool renew_one(struct run *run, const char *name, struct cg_error *err)
{
    const struct cg_cli *cli = run->cli;
    struct cg_renew_params params = run->params;
    struct cg_renewed renewed;
    bool wanted = false, busy = false;
    if ((!cli->dry_run && !cg_rotation_finish(run->ca, name, &busy, err)) || !is_wanted(run, name, &wanted, err))
        return false;
    if (busy)
        return leave_busy(run, name, err);
    if (!wanted) {
        note_skipped(run, name);
        return cli->dry_run || is_left_to_device(run, name) || deploy_unchanged(run, name, err);
    }
    if (!can_have_new_key(run, name, err) || !open_issuer(run, err) || !remember_key(run, name, &params, err))
        return false;
    bool ok = cg_renew(&run->issuer, name, &params, &renewed, err);
    if (!ok && params.remember_key) /* another name that is renewed writes the settings */
        cg_settings_set_reuse_key(&run->issuer.settings, name, !params.reuse_key, NULL);
    if (ok) {
        note_renewed(run, name, &renewed);
        ok = cli->dry_run || deploy_again(run, name, true, err);
    }
    cg_renewed_clear(&renewed);
    return ok;
}

static void note_failed(struct run *run, const char *name, const struct cg_error *err)
{
    cg_warn(run->cli, "%s: %s", name, err->text);
    cJSON_AddItemToArray(run->failed, cg_json_of("name", name, "error", err->text));
}

/* A failure does not stop the other renewals, but the run ends with exit code 1. */
static bool renew_and_note(struct run *run, const char *name)
{
    struct cg_error err = {""};
    const size_t busy = run->busy;
    if (renew_one(run, name, &err))
        return true;
    run->broken = run->broken || run->busy == busy;
    note_failed(run, name, &err);
    return false;
}

/* Always false. */
static bool stop(struct run *run, const struct cg_error *err)
{
    run->broken = true;
    cg_warn(run->cli, "the remaining names were not renewed: %s", err->text);
    return false;
}

/* Between two names: a revocation must not wait for the end of a long run, and the rest of the run must know about it. */
static bool yield_lock(struct run *run)
{
    struct cg_error err = {""};
    bool gave = false, ok = cg_lock_yield(run->ca, &gave, &err) == CG_CA_OK;
    if (ok && gave) {
        cg_serials_free(&run->revoked);
        ok = cg_index_revoked(run->ca, &run->revoked, &err) && (!run->is_open || cg_issuer_refresh(&run->issuer, &err));
    }
    return ok || stop(run, &err);
}

/* ---- --all */

/* Names without a record: nothing is left to do for one that is not due, and many are renewed in one change. */
struct plan {
    struct run *run;
    struct cg_lives lives;
    const char **names; /* to be renewed */
    size_t count;
    bool ok;
};

/* A rotation that began while another run had the lock is handled as if the name had a record. */
static bool make_renewed(void *context, struct cg_issue_job *job)
{
    const struct plan *plan = context;
    const char *name = plan->names[job->number];
    job->issue.name = name;
    job->skipped = cg_rotation_state(job->ca, name) != CG_ROTATION_NONE;
    return job->skipped || cg_renew_job(name, &plan->run->params, job);
}

static bool finish_job(struct run *run, const struct cg_issue_job *job, struct cg_error *err)
{
    struct cg_renewed renewed;
    if (!cg_renewed_of_job(job, &renewed))
        return cg_fail_memory(err);
    note_renewed(run, job->issue.name, &renewed);
    return run->cli->dry_run || deploy_again(run, job->issue.name, true, err);
}

static void job_is_done(void *context, const struct cg_issue_job *job)
{
    struct plan *plan = context;
    struct run *run = plan->run;
    struct cg_error err = job->err;
    const char *name = job->issue.name;
    bool ok = job->ok;
    if (ok && job->skipped && cg_rotation_state(run->ca, name) != CG_ROTATION_NONE) {
        plan->ok = renew_and_note(run, name) && plan->ok;
        return;
    }
    if (ok && job->skipped)
        note_skipped(run, name);
    else if (!ok || !(ok = finish_job(run, job, &err)))
        note_failed(run, name, &err);
    run->broken = run->broken || !ok;
    plan->ok = plan->ok && ok;
}

static bool renew_planned(struct plan *plan)
{
    struct run *run = plan->run;
    struct cg_error err = {""};
    const struct cg_issue_many many = {run->ca, &run->issuer, plan->count, make_renewed, job_is_done, plan};
    return !plan->count || (open_issuer(run, &err) && cg_issue_many(&many, &err) == CG_CA_OK) || stop(run, &err);
}

/* Renews a name with a record, notes one that is not due, or plans the renewal. */
static void take(struct plan *plan, const struct cg_live *live)
{
    struct run *run = plan->run;
    int64_t due = 0;
    const bool is_known = cg_renewal_due_of(live, run->cli->now, &due);
    if (live->has_record || !is_known || !cg_ca_name_valid(live->name, NULL))
        plan->ok = renew_and_note(run, live->name) && plan->ok;
    else if (is_due(run, is_known, due) && !cg_serials_has(&run->revoked, live->serial) &&
             !is_left_to_device(run, live->name))
        plan->names[plan->count++] = live->name;
    else
        note_skipped(run, live->name);
}

static bool renew_all(struct run *run)
{
    struct plan plan = {.run = run, .ok = true};
    struct cg_error err = {""};
    bool going = cg_lives_load(&plan.lives, run->ca, &err) || stop(run, &err);
    plan.names = going ? calloc(plan.lives.count + 1, sizeof *plan.names) : NULL;
    if (going && !plan.names)
        going = cg_fail_memory(&err) || stop(run, &err);
    for (size_t i = 0; going && plan.names && i < plan.lives.count; i++)
        if ((going = yield_lock(run)))
            take(&plan, &plan.lives.item[i]);
    going = going && renew_planned(&plan);
    free(plan.names);
    cg_lives_free(&plan.lives);
    return plan.ok && going;
}

static bool read_names(struct run *run, struct cg_error *err)
{
    const struct cg_list *san = &run->options->san;
    bool ok = !san->count || (run->names = sk_GENERAL_NAME_new_null());
    for (size_t i = 0; ok && i < san->count; i++)
        ok = cg_san_add(run->names, san->item[i], err);
    return ok;
}

static int renew_wanted(struct run *run)
{
    cJSON *result = cJSON_CreateObject();
    run->renewed = cJSON_AddArrayToObject(result, "renewed");
    run->failed = cJSON_AddArrayToObject(result, "failed");
    bool ok = !run->options->all || renew_all(run);
    for (int i = 0; i < run->cli->nargs; i++)
        ok = renew_and_note(run, run->cli->args[i]) && ok;
    cg_say_shortened(run->cli, run->ca, run->shortened);
    cJSON_AddNumberToObject(result, "not_due", (double)run->skipped);
    if (ok && !run->busy && cJSON_GetArraySize(run->renewed) == 0)
        cg_say(run->cli, "Nothing is due.");
    cg_issuer_close(&run->issuer); /* the key is not needed while hooks run */
    if (!cg_verb_hooks(run->cli, run->ca, run->options->all ? NULL : run->cli->args, (size_t)run->cli->nargs,
                       cJSON_AddArrayToObject(result, "hooks"))) {
        run->broken = true;
        ok = false;
    }
    cg_result(run->cli, result);
    return ok ? CG_EXIT_OK : run->broken ? CG_EXIT_FAILED : CG_EXIT_LOCKED;
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    const struct options *o = values;
    if (o->from.host)
        return cg_host_port_ok(o->from.host, "--from", err);
    return cg_names_valid(cli, err) && cg_san_list_ok(o->san.item, o->san.count, err);
}

static bool has_ca_options(const struct options *o)
{
    return o->all || o->params.reuse_key || o->params.new_key || o->params.lifetime || o->as || o->san.count;
}

static int run_from(const struct cg_cli *cli, const struct options *o)
{
    if (!o->from.host)
        return cg_usage(cli, "--id, --username, --password-file, --timeout and --hook need --from HOST");
    if (cli->nargs != 1 || has_ca_options(o))
        return cg_usage(cli, "with --from, give one folder. The CA decides about names, lifetime and type");
    return cg_renew_from_run(cli, &o->from, o->due);
}

static int run_verb(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct cg_error err = {""};
    struct cg_ca ca;
    if (cg_renew_from_given(&o->from))
        return run_from(cli, o);
    if (o->all == (cli->nargs > 0))
        return cg_usage(cli, "expected one or more names, or --all");
    if (o->params.reuse_key && o->params.new_key)
        return cg_usage(cli, "--reuse-key keeps the key and --new-key replaces it: leave out one of them");
    if ((o->as || o->san.count) && cli->nargs != 1)
        return cg_usage(cli, "--as and --san apply to a single name");
    if (!o->due)
        cg_passphrase_ahead(cli, "ca");
    int code = cg_verb_open_ca(&ca, cli, CG_CA_WRITE, &err);
    if (code != CG_EXIT_OK) {
        cg_ca_close(&ca);
        return cg_fail(cli, code, &err);
    }
    struct run run = {.cli = cli, .ca = &ca, .options = o, .params = o->params};
    bool ok = read_names(&run, &err) && cg_index_revoked(&ca, &run.revoked, &err);
    ca.revoked = &run.revoked;
    run.params.profile = cg_ca_profile_find(o->as ? o->as : "");
    run.params.names = run.names;
    run.params.write = !cli->dry_run;
    code = ok ? renew_wanted(&run) : cg_fail(cli, CG_EXIT_FAILED, &err);
    GENERAL_NAMES_free(run.names);
    cg_serials_free(&run.revoked);
    cg_issuer_close(&run.issuer);
    cg_ca_close(&ca);
    return code;
}

const struct cg_verb cg_verb_renew = {
    .name = "renew",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("NAME...|--all [--due]|--from HOST[:PORT] FOLDER", 0, -1),
    .completes = CG_WORD_NAME,
    .summary = "replace certificates with new ones",
    .description =
        "Creates a new certificate with the same names and lifetime, and a new key unless --reuse-key is given,\n"
        "now or earlier, and deploys them to the same folders. The old certificate stays valid until it expires. For "
        "automatic\n"
        "renewal, use install-units, or run renew --all --due daily. The due dates of many certificates are\n"
        "spread over several days. --all leaves out names whose certificate a device requested (certguard requests):\n"
        "the device renews it.\n\n"
        "With --from, a device renews its own certificate over MQTT, without the CA's folder. FOLDER contains\n"
        "privkey.pem, fullchain.pem (or cert.pem and chain.pem) and ca.pem. A new key is made there, like the old one; "
        "the old\n"
        "key signs the request; the CA signs it when it can. The new certificate replaces the old one, all files at "
        "once, after\n"
        "the broker accepted a connection with it. Each run does what can be done now, so run it daily with --due, and "
        "hourly\n"
        "while it ends with 75. Trust anchors that the present ones have signed are added to ca.pem.",
    .examples = "certguard renew sensor1\n"
                "certguard renew --all --due --passphrase-file /root/ca-passphrase\n"
                "certguard renew oldbroker --as broker --san dns:broker.lan\n"
                "certguard renew --from broker.lan --due /etc/sensor --hook 'systemctl restart sensor'",
    .exits = "0 success, 1 failure, 64 wrong usage, 75 another run holds the lock; with --from also: the request waits "
             "for "
             "the CA or the broker (run again later)",
    .needs_key = true,
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run_verb,
};
