/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct deploy_options {
    const char *to, *owner, *group, *mode, *connect;
    bool rollback;
};

#define AT(field) offsetof(struct deploy_options, field)

static const struct cg_option options[] = {
    {"to", "FOLDER", "where the broker reads its files; remembered", CG_OPT_FOLDER, 0, AT(to)},
    {"owner", "USER", "owner of the files; remembered", CG_OPT_STRING, 0, AT(owner)},
    {"group", "GROUP", "group of the files; remembered", CG_OPT_STRING, 0, AT(group)},
    {"mode", "MODE", "mode of privkey.pem, octal (default 0600, with --group 0640); remembered", CG_OPT_STRING, 0,
     AT(mode)},
    {"connect", "HOST:PORT", "where the broker serves it, for rotate; remembered", CG_OPT_STRING, 0, AT(connect)},
    {"rollback", NULL, "go back to the generation before, and deploy that", CG_OPT_FLAG, 0, AT(rollback)},
};

static bool take(char **field, const char *value)
{
    if (!value)
        return true;
    free(*field);
    return (*field = strdup(value));
}

/* What is given replaces what is remembered. */
static bool merge(struct cg_target *target, const struct deploy_options *o, struct cg_error *err)
{
    char absolute[PATH_MAX], *end = NULL;
    if (o->mode) {
        long mode = strtol(o->mode, &end, 8);
        if (*end || mode < 0400 || mode > 0777 || mode & 07) {
            cg_error_set(err, "--mode %s: expected 0600, 0640 or 0440; others must not read a private key", o->mode);
            return false;
        }
        target->mode = (int)mode;
    }
    /* runs from a timer have another working folder */
    if (o->to && o->to[0] != '/') {
        char *here = realpath(".", NULL);
        snprintf(absolute, sizeof absolute, "%s/%s", here ? here : ".", o->to);
        free(here);
    } else {
        snprintf(absolute, sizeof absolute, "%s", o->to ? o->to : "");
    }
    return take(&target->to, o->to ? absolute : NULL) && take(&target->owner, o->owner) &&
           take(&target->group, o->group) && take(&target->connect, o->connect);
}

static bool remember(const struct cg_ca *ca, const char *name, const struct cg_target *target, struct cg_error *err)
{
    struct cg_change change;
    bool good = cg_change_begin(&change, ca, false, err) && cg_target_remember(&change, name, target, err) &&
                cg_change_commit(&change, err);
    cg_change_end(&change);
    return good;
}

static bool deploy(const struct cg_cli *cli, const struct cg_ca *ca, const struct deploy_options *o,
                   struct cg_error *err)
{
    const char *name = cli->args[0];
    struct cg_target target = {0};
    unsigned generation = cg_generation_live(ca, name);
    X509 *cert = cg_ca_live_cert(ca, name, err);
    bool good = cert && cg_target_load(ca, name, &target, err) && merge(&target, o, err);
    if (good && !target.to && !o->rollback) {
        cg_error_set(err, "deploy it where? certguard -C %s deploy %s --to FOLDER", ca->dir, name);
        good = false;
    }
    if (good && !cli->dry_run && o->rollback)
        good = cg_generation_switch(ca, name, 0, cli->now, &generation, err);
    if (good && !cli->dry_run && target.to)
        good = cg_deploy_name(ca, name, &target, err) && remember(ca, name, &target, err);
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
