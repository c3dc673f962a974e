/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy/deploy.h"
#include "ca_options/ca_options.h"
#include "ca_options/deploy_options.h"
#include "deploy/generation.h"
#include "deploy/rotation.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct deploy_options {
    struct cg_deploy_options place;
    const char *forget;
    bool rollback;
};

#define AT(field) offsetof(struct deploy_options, field)

static const struct cg_option options[] = {
    CG_PLACE_ROWS(AT),
    {"rollback", NULL, "go back to the newest earlier generation that may be live, and deploy that", CG_OPT_FLAG, 0,
     AT(rollback)},
    {"forget", "FOLDER", "keep this one no longer up to date; its files stay", CG_OPT_FOLDER, 0, AT(forget)},
};

struct run {
    const struct cg_cli *cli;
    const struct cg_ca *ca;
    const struct deploy_options *options;
    const char *name;
    struct cg_targets targets;
    size_t before; /* how many of them were remembered */
    unsigned generation;
    bool is_busy; /* another run rotates the name */
};

static void tell(const struct run *run)
{
    const struct cg_cli *cli = run->cli;
    const struct cg_targets *targets = &run->targets;
    char word[PATH_MAX];
    cJSON *result = cJSON_CreateObject(), *folders = cJSON_CreateArray();
    cJSON_AddStringToObject(result, "name", run->name);
    cJSON_AddNumberToObject(result, "generation", run->generation);
    if (targets->count)
        cJSON_AddStringToObject(result, "to", targets->item[targets->count - 1].to);
    for (size_t i = 0; i < targets->count; i++)
        cJSON_AddItemToArray(folders, cJSON_CreateString(targets->item[i].to));
    cJSON_AddItemToObject(result, "folders", folders);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    cg_result(cli, result);
    const char *done = cli->dry_run ? "Would deploy" : "Deployed";
    if (!targets->count)
        cg_say(cli, "%s generation %u of \"%s\"; it has no folder.", cli->dry_run ? "Would make live" : "Made live",
               run->generation, run->name);
    for (size_t i = 0; i < targets->count; i++)
        cg_say(cli, "%s generation %u of \"%s\" to %s.", done, run->generation, run->name, targets->item[i].to);
    if (targets->count > run->before && run->before)
        cg_say(cli,
               "The folders from before are kept up to date too. Once no broker reads one any more:\n"
               "  certguard -C %s deploy %s --forget %s",
               cli->dir_word, run->name, cg_target_word(&targets->item[0], word));
}

static bool choose_earlier(struct run *run, struct cg_error *err)
{
    struct cg_error passed;
    const bool ok = cg_generation_choose_earlier(run->ca, run->name, run->cli->now, &run->generation, &passed, err);
    if (ok && passed.text[0])
        cg_warn(run->cli, "passed over: %s", passed.text);
    return ok;
}

/* What is refused is refused before anything is changed. */
static bool choose_generation(struct run *run, struct cg_error *err)
{
    if (run->options->rollback)
        return choose_earlier(run, err);
    run->generation = cg_generation_live(run->ca, run->name);
    return cg_generation_is_valid(run->ca, run->name, run->generation, run->cli->now, err);
}

static bool deploy(struct run *run, struct cg_error *err)
{
    if (!cg_targets_merge(run->ca, run->name, &run->targets, &run->options->place, err))
        return false;
    if (!run->targets.count && !run->options->rollback) {
        cg_error_set(err, "deploy it where? certguard -C %s deploy %s --to FOLDER", run->ca->word, run->name);
        return false;
    }
    bool ok = choose_generation(run, err) && cg_deploy_check(run->ca, &run->targets, run->generation, err);
    if (ok)
        cg_warn_targets(run->cli, run->ca, &run->targets);
    if (ok && !run->cli->dry_run)
        ok = (!run->options->rollback ||
              cg_generation_switch(run->ca, run->name, run->generation, run->cli->now, err)) &&
             (!run->targets.count || cg_deploy_and_remember(run->ca, run->name, &run->targets, err));
    if (ok)
        tell(run);
    return ok;
}

static bool forget(struct run *run, struct cg_error *err)
{
    const struct cg_cli *cli = run->cli;
    struct cg_change change = {0};
    bool ok = cg_targets_forget(run->ca, run->name, &run->targets, run->options->forget, err);
    if (ok && !cli->dry_run)
        ok = cg_change_begin(&change, run->ca, false, err) &&
             cg_targets_remember(&change, run->name, &run->targets, err) && cg_change_commit(&change, err);
    cg_change_end(&change);
    if (ok) {
        cJSON *result = cJSON_CreateObject();
        cJSON_AddStringToObject(result, "name", run->name);
        cJSON_AddStringToObject(result, "forgotten", run->options->forget);
        cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
        cg_result(cli, result);
        cg_say(cli,
               "%s %s. Its files stay as they are: a broker that reads them refuses everyone once the CRL there ends.",
               cli->dry_run ? "Would forget" : "Forgot", run->options->forget);
    }
    return ok;
}

/* A record that cannot be read is made anew by the folder that is typed: that is the fix which is printed for it. */
static bool load_targets(struct run *run, struct cg_error *err)
{
    if (cg_targets_load(run->ca, run->name, &run->targets, err))
        return true;
    if (!run->options->place.to)
        return false;
    cg_warn(run->cli,
            "the record of where \"%s\" is deployed cannot be read and is made anew; where it has more folders, name "
            "each again with --to",
            run->name);
    *err = (struct cg_error){""};
    return true;
}

static bool run_open(struct run *run, struct cg_error *err)
{
    if (!cg_ca_name_valid(run->name, err) || !load_targets(run, err))
        return false;
    run->before = run->targets.count;
    if (run->options->forget) /* also of a name that is no more */
        return forget(run, err);
    X509 *cert = cg_ca_live_cert(run->ca, run->name, err);
    bool ok = cert;
    X509_free(cert);
    if (ok && !run->cli->dry_run)
        ok = cg_rotation_finish(run->ca, run->name, run->cli->now, &run->is_busy, err);
    if (!run->is_busy)
        return ok && deploy(run, err);
    cg_error_set(err, "another run rotates \"%s\" now; nothing was done, try again when it has ended", run->name);
    return false;
}

static int run_verb(const struct cg_cli *cli, const void *values)
{
    const struct deploy_options *o = values;
    struct cg_error err = {""};
    struct cg_ca ca;
    if (o->forget &&
        (o->rollback || o->place.to || o->place.owner || o->place.group || o->place.mode || o->place.connect))
        return cg_usage(cli, "--forget goes with no other option of deploy");
    struct run run = {.cli = cli, .ca = &ca, .options = o, .name = cli->args[0]};
    int code = cg_verb_open_ca(&ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && !run_open(&run, &err))
        code = run.is_busy ? CG_EXIT_LOCKED : CG_EXIT_FAILED;
    cg_targets_clear(&run.targets);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_deploy = {
    .name = "deploy",
    .group = CG_GROUP_CA,
    .arguments = "NAME",
    .summary = "put key, certificates and CRL where the broker reads them",
    .description =
        "Copies privkey.pem, cert.pem, chain.pem, fullchain.pem, ca.pem and crl.pem into FOLDER, with owner and\n"
        "mode. Key and certificates change in one moment: they are links into FOLDER/.certguard/, where one\n"
        "rename makes another generation the current one. Copy the folder with its links (cp -a, rsync -a), or\n"
        "what they point to (cp -L, scp).\n"
        "\n"
        "The folder is remembered: renew, rotate, revoke and crl keep it up to date. A second --to adds a\n"
        "folder; both are kept up to date until --forget. One that another CA deployed to since is left alone, until\n"
        "--to names it again. For a CA that is another user's, root deploys with that user's rights.",
    .examples = "certguard deploy broker.lan --to /etc/mosquitto/certs --owner mosquitto --connect localhost:8883\n"
                "certguard deploy broker.lan --rollback\n"
                "certguard deploy broker.lan --forget /etc/mosquitto/old",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct deploy_options),
    .run = run_verb,
};
