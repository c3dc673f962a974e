/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy/deploy.h"
#include "base/failure.h"
#include "broker/tls_probe.h"
#include "ca_options/ca_options.h"
#include "ca_options/hooks.h"
#include "ca_options/names.h"
#include "ca_options/option_rows.h"
#include "deploy/generation.h"
#include "deploy/rotation.h"
#include "store/target_options.h"
#include "verbs.h"

#include <stdlib.h>
#include <unistd.h>

#define UNIT "/etc/systemd/system/certguard-renew.service"

struct options {
    struct cg_deploy_options place;
    const char *forget;
    bool rollback;
};

static const struct cg_option options[] = {
    CG_PLACE_ROWS(AT),
    {"rollback", NULL, "go back to the newest earlier generation that is still usable, and deploy it", CG_OPT_FLAG, 0,
     AT(rollback)},
    {"forget", "FOLDER", "stop updating this folder; its files stay", CG_OPT_FOLDER, 0, AT(forget)},
};

struct run {
    const struct cg_cli *cli;
    const struct cg_ca *ca;
    const struct options *options;
    const char *name;
    struct cg_targets targets;
    size_t before; /* number of remembered targets */
    unsigned generation;
    bool is_busy; /* another run is rotating the name */
    cJSON *result;
};

static cJSON *say_deployed(const struct run *run)
{
    const struct cg_cli *cli = run->cli;
    const struct cg_targets *targets = &run->targets;
    char word[PATH_MAX];
    cJSON *result = cJSON_CreateObject(), *folders = cJSON_CreateArray();
    cJSON_AddStringToObject(result, "name", run->name);
    cJSON_AddNumberToObject(result, "generation", run->generation);
    if (targets->count)
        cJSON_AddStringToObject(result, "folder", targets->item[targets->count - 1].to);
    for (size_t i = 0; i < targets->count; i++)
        cJSON_AddItemToArray(folders, cJSON_CreateString(targets->item[i].to));
    cJSON_AddItemToObject(result, "folders", folders);
    const char *done = cli->dry_run ? "Would deploy" : "Deployed";
    if (!targets->count)
        cg_say(cli, "%s generation %u of \"%s\". It is not deployed to any folder.",
               cli->dry_run ? "Would activate" : "Activated", run->generation, run->name);
    for (size_t i = 0; i < targets->count; i++)
        cg_say(cli, "%s generation %u of \"%s\" to %s.", done, run->generation, run->name, targets->item[i].to);
    if (targets->count > run->before && run->before)
        cg_say(cli,
               "The previous folders are still updated, too. When no broker reads one of them any more:\n"
               "  %s deploy %s --forget %s",
               cli->prefix, run->name, cg_target_word(&targets->item[0], word));
    if (cli->dry_run)
        cg_say_hooks(cli, targets);
    else if (run->options->place.hook && run->options->place.hook[0] && access(UNIT, F_OK) == 0)
        cg_say(cli, "Run %s install-units again: units have a network only if a hook was known.", cli->prefix);
    return result;
}

/* Checks the generation before anything is changed. */
static bool choose_generation(struct run *run, struct cg_error *err)
{
    struct cg_error skipped = {""};
    if (!run->options->rollback) {
        run->generation = cg_generation_live(run->ca, run->name);
        return cg_generation_is_valid(run->ca, run->name, run->generation, err);
    }
    const bool ok = cg_generation_choose_earlier(run->ca, run->name, &run->generation, &skipped, err);
    if (ok && skipped.text[0])
        cg_warn(run->cli, "skipped: %s", skipped.text);
    return ok;
}

static bool deploy(struct run *run, struct cg_error *err)
{
    if (!cg_targets_merge(run->ca, run->name, &run->targets, &run->options->place, err))
        return false;
    if (!run->targets.count && !run->options->rollback)
        return cg_fail_text(err, "\"%s\" has no folder to deploy to; use %s deploy %s --to FOLDER", run->name,
                            run->cli->prefix, run->name);
    bool ok = choose_generation(run, err) && cg_deploy_check(run->ca, &run->targets, run->generation, err);
    if (ok)
        cg_warn_targets(run->cli, run->ca, &run->targets);
    if (ok && !run->cli->dry_run)
        ok = (!run->options->rollback || cg_generation_switch(run->ca, run->name, run->generation, err)) &&
             (!run->targets.count || cg_deploy_and_remember(run->ca, run->name, &run->targets, err));
    if (ok)
        run->result = say_deployed(run);
    return ok;
}

static bool forget(struct run *run, struct cg_error *err)
{
    const struct cg_cli *cli = run->cli;
    bool ok = cg_targets_forget(run->ca, run->name, &run->targets, run->options->forget, err);
    if (ok && !cli->dry_run)
        ok = cg_targets_remember(run->ca, run->name, &run->targets, err);
    if (ok) {
        run->result = cg_json_of("name", run->name, "forgotten", run->options->forget);
        cg_say(cli,
               "%s updates of %s. Its files stay unchanged: a broker that still reads them refuses all clients when "
               "the CRL "
               "there expires.",
               cli->dry_run ? "Would stop" : "Stopped", run->options->forget);
    }
    return ok;
}

/* If the record of the targets cannot be read, --to replaces it: the error for a broken record names that fix. */
static bool load_targets(struct run *run, struct cg_error *err)
{
    if (cg_targets_load(run->ca, run->name, &run->targets, err))
        return true;
    if (!run->options->place.to)
        return false;
    cg_warn(run->cli,
            "cannot read the record of the folders of \"%s\"; it is replaced. If there are other folders, name each of "
            "them again with --to",
            run->name);
    *err = (struct cg_error){""};
    return true;
}

static bool run_open(struct run *run, struct cg_error *err)
{
    if (!cg_ca_name_valid(run->name, err) || !load_targets(run, err))
        return false;
    run->before = run->targets.count;
    if (run->options->forget) /* also for a name that no longer exists */
        return forget(run, err);
    X509 *cert = cg_ca_live_cert(run->ca, run->name, err);
    bool ok = cert;
    X509_free(cert);
    if (ok && !run->cli->dry_run)
        ok = cg_rotation_finish(run->ca, run->name, &run->is_busy, err);
    if (!run->is_busy)
        return ok && deploy(run, err);
    return cg_rotation_fail_busy(run->name, err);
}

/* All names first, then their hooks, which run at the same time. */
static int deploy_names(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct cg_names names;
    (void)err;
    cg_names_begin(&names, cli);
    for (int i = 0; i < cli->nargs; i++) {
        struct cg_error fault = {""};
        struct run run = {.cli = cli, .ca = ca, .options = context, .name = cli->args[i]};
        const bool ok = run_open(&run, &fault);
        cg_targets_clear(&run.targets);
        cg_names_note(&names, run.name,
                      ok            ? CG_EXIT_OK
                      : run.is_busy ? CG_EXIT_LOCKED
                                    : CG_EXIT_FAILED,
                      run.result, &fault);
    }
    if (!cli->dry_run && !cg_verb_hooks(cli, ca, cli->args, (size_t)cli->nargs, names.hooks))
        names.code = CG_EXIT_FAILED;
    return CG_REPORTED(cg_names_end(&names));
}

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    const struct cg_deploy_options *place = &((const struct options *)values)->place;
    return cg_names_valid(cli, err) && cg_deploy_options_ok(place, err) &&
           cg_host_port_ok(place->connect, "--connect", err);
}

static int run_verb(const struct cg_cli *cli, const void *values)
{
    struct options o = *(const struct options *)values;
    if (o.forget && (o.rollback || cg_deploy_option_given(&o.place)))
        return cg_usage(cli, "--forget cannot be used with other options of deploy");
    if (cli->nargs > 1 && (o.forget || o.place.to))
        return cg_usage(cli,
                        "--%s names the folder of one name, and two names in one folder overwrite each other's files; "
                        "run deploy for each name",
                        o.forget ? "forget" : "to");
    return cg_verb_with_ca(cli, CG_CA_WRITE, deploy_names, &o);
}

const struct cg_verb cg_verb_deploy = {
    .name = "deploy",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("NAME...", 1, -1),
    .completes = CG_WORD_NAME,
    .summary = "copy key, certificates and CRL to a folder of the broker",
    .description =
        "Copies privkey.pem, cert.pem, chain.pem, fullchain.pem, ca.pem and crl.pem into FOLDER, and sets owner\n"
        "and mode. Each issue or renewal of NAME is a generation. Key and certificates are links into\n"
        "FOLDER/.certguard/, so that one rename changes all of them to another generation at the same moment.\n"
        "Copy the folder with its links (cp -a, rsync -a), or copy the files they point to (cp -L, scp).\n\n"
        "The folder is remembered: renew, rotate, revoke and crl update it. Another deploy with --to adds a\n"
        "folder. A folder is updated until --forget. If another CA deploys to a folder, this CA leaves it\n"
        "unchanged until --to names it again. If another user owns the CA, root deploys with that user's rights.\n\n"
        "After files in a folder change, certguard runs the command of --hook, for example to copy them to another\n"
        "machine. It runs for deploy, issue, sign, renew, rotate, crl and revoke, and again with the next of them\n"
        "until its exit code is 0. rotate checks the broker after the hook, and runs the hook again if it restores\n"
        "the previous certificate. Hooks of several folders run at the same time, without the lock of the CA, as the\n"
        "owner of the CA's folder, in the folder /, without a terminal. ENVIRONMENT in certguard(1) lists their\n"
        "variables.",
    .examples = "certguard deploy broker.lan --to /etc/mosquitto/certguard --owner mosquitto --connect localhost:8883\n"
                "certguard deploy broker7 --to /var/lib/certguard/out/broker7 \\\n"
                "    --hook 'rsync -acL --delay-updates --chown=mosquitto:mosquitto \"$CERTGUARD_FOLDER\"/*.pem \\\n"
                "        root@\"$CERTGUARD_NAME\":/etc/mosquitto/certguard/'\n"
                "certguard deploy broker.lan --rollback\n"
                "certguard deploy broker.lan --forget /etc/mosquitto/old",
    CG_OPTIONS(options, struct options),
    .check = check,
    .run = run_verb,
};
