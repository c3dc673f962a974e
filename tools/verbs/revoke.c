/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/revoke.h"
#include "ca_options/ca_options.h"
#include "ca_options/passphrase.h"
#include "core/cert/name.h"
#include "deploy/deploy.h"
#include "verbs.h"

#include <string.h>

#define REASONS                                                                                                        \
    "keyCompromise|superseded|cessationOfOperation|affiliationChanged|privilegeWithdrawn|certificateHold|unspecified"

struct revoke_options {
    const char *reason;
    struct cg_number lifetime;
};

static const struct cg_option options[] = {
    {"reason", REASONS, "why (default unspecified)", CG_OPT_CHOICE, 0, offsetof(struct revoke_options, reason)},
    {"crl-lifetime", "DURATION", "how long the new CRL holds (default 7d)", CG_OPT_LIFETIME, 0,
     offsetof(struct revoke_options, lifetime)},
};

static void tell(const struct cg_cli *cli, const struct cg_revoked *revoked, size_t targets, cJSON *result)
{
    char end[24];
    const struct cg_crl_made *made = &revoked->crl;
    const char *plural = revoked->count == 1 ? "" : "s";
    cJSON *serials = cJSON_AddArrayToObject(result, "revoked");
    for (size_t i = 0; i < revoked->count; i++)
        cJSON_AddItemToArray(serials, cJSON_CreateString(revoked->item[i].serial));
    cJSON_AddStringToObject(result, "name", cli->args[0]);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    if (!revoked->count) {
        cg_say(cli, "\"%s\" is revoked or over already; nothing was changed.", cli->args[0]);
        return;
    }
    if (cli->dry_run) {
        cg_say(cli, "Would revoke %zu certificate%s of \"%s\"; nothing was written.", revoked->count, plural,
               cli->args[0]);
        return;
    }
    cg_time_text(made->next_update, end, sizeof end);
    cJSON_AddStringToObject(result, "crl_number", made->number);
    cJSON_AddStringToObject(result, "crl_next_update", end);
    cg_say(cli, "Revoked %zu certificate%s of \"%s\". New CRL, number %s, %zu revoked, good until %s:\n  %s/crl.pem",
           revoked->count, plural, cli->args[0], made->number, made->entries, end, cli->dir);
    if (targets)
        cg_say(cli, "Deployed to %zu folder%s.", targets, targets == 1 ? "" : "s");
}

static bool deploy(const struct cg_ca *ca, size_t *targets, struct cg_error *err)
{
    const bool ok = cg_deploy_crl(ca, targets, err);
    if (!ok)
        cg_error_prefix(err, "revoked, and the new CRL is made, but");
    return ok;
}

static bool revoke(const struct cg_ca *ca, const struct cg_cli *cli, const struct revoke_options *o,
                   struct cg_error *err)
{
    struct cg_revoked revoked = {0};
    const struct cg_revoke_request request = {.what = cli->args[0],
                                              .reason = o->reason && strcmp(o->reason, "unspecified") != 0 ? o->reason
                                                                                                           : NULL,
                                              .crl_lifetime = o->lifetime.value};
    size_t targets = 0;
    const bool ok = cg_revoke(ca, &request, &revoked, err) &&
                    (!revoked.count || cli->dry_run || deploy(ca, &targets, err));
    if (ok) {
        cJSON *result = cJSON_CreateObject();
        tell(cli, &revoked, targets, result);
        cg_result(cli, result);
    }
    cg_revoked_clear(&revoked);
    return ok;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_error err = {""};
    struct cg_ca ca;
    if (!cli->dry_run)
        cg_passphrase_ahead(cli, "ca");
    int code = cg_verb_open_ca(&ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && !revoke(&ca, cli, values, &err))
        code = CG_EXIT_FAILED;
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_revoke = {
    .name = "revoke",
    .group = CG_GROUP_CA,
    .arguments = "NAME|SERIAL",
    .summary = "revoke a certificate and write the new CRL",
    .description = "Revokes every certificate of NAME that is still valid (earlier generations too), or the one with "
                   "the serial\n"
                   "number SERIAL (where a name is one too, write 0xSERIAL), and writes the new CRL in the same run.",
    .examples = "certguard revoke sensor1 --reason keyCompromise\n"
                "certguard revoke 4F:1A:22:09:8C",
    .min_args = 1,
    .max_args = 1,
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct revoke_options),
    .run = run,
};
