/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct deploy_options {
    struct cg_place place;
    bool rollback;
};

#define AT(field) offsetof(struct deploy_options, field)

static const struct cg_option options[] = {
    CG_PLACE_ROWS(AT),
    {"rollback", NULL, "go back to the generation before, and deploy that", CG_OPT_FLAG, 0, AT(rollback)},
};

static bool deploy(const struct cg_cli *cli, const struct cg_ca *ca, const struct deploy_options *o,
                   struct cg_error *err)
{
    const char *name = cli->args[0];
    struct cg_target target = {0};
    unsigned generation = cg_generation_live(ca, name);
    X509 *cert = cg_ca_live_cert(ca, name, err);
    bool good = cert && cg_target_load(ca, name, &target, err) && cg_target_merge(&target, &o->place, err);
    if (good && !target.to && !o->rollback) {
        cg_error_set(err, "deploy it where? certguard -C %s deploy %s --to FOLDER", ca->word, name);
        good = false;
    }
    if (good && !cli->dry_run && o->rollback)
        good = cg_generation_switch(ca, name, 0, cli->now, &generation, err);
    if (good && !cli->dry_run && target.to)
        good = cg_deploy_and_remember(ca, name, &target, err);
    if (good) {
        cJSON *result = cJSON_CreateObject();
        cJSON_AddStringToObject(result, "name", name);
        cJSON_AddNumberToObject(result, "generation", generation);
        if (target.to)
            cJSON_AddStringToObject(result, "to", target.to);
        cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
        cg_result(cli, result);
        cg_say(cli, "%s generation %u of \"%s\"%s%s.", cli->dry_run ? "Would deploy" : "Deployed", generation, name,
               target.to ? " to " : "", target.to ? target.to : "");
    }
    X509_free(cert);
    cg_target_clear(&target);
    return good;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    int code = cg_ca_open(&ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && !deploy(cli, &ca, values, &err))
        code = CG_EXIT_FAILED;
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_deploy = {
    .name = "deploy",
    .group = CG_GROUP_CA,
    .arguments = "NAME",
    .summary = "put key, certificates and CRL where the broker reads them",
    .description = "Copies privkey.pem, cert.pem, chain.pem, fullchain.pem, ca.pem and crl.pem into FOLDER, each by "
                   "rename, the key\n"
                   "first, with owner and mode. The target is remembered: renew, rotate, revoke and crl keep it up to "
                   "date.",
    .examples = "certguard deploy broker.lan --to /etc/mosquitto/certs --owner mosquitto --connect localhost:8883\n"
                "certguard deploy broker.lan --rollback",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct deploy_options),
    .run = run,
};
