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

/* The verb's options are the request, without what. */
static const struct cg_option options[] = {
    {"reason", REASONS, "reason of the revocation (default unspecified)", CG_OPT_CHOICE, 0,
     offsetof(struct cg_revoke_request, reason)},
    {"crl-lifetime", "DURATION", "time until nextUpdate of the new CRL (default 7d)", CG_OPT_LIFETIME, 0,
     offsetof(struct cg_revoke_request, crl_lifetime)},
};

static void print_revoked(const struct cg_cli *cli, const struct cg_revoked *revoked, size_t targets)
{
    char end[24];
    const struct cg_crl_made *made = &revoked->crl;
    const char *plural = cg_plural(revoked->count);
    cJSON *result = cJSON_CreateObject(), *serials = cJSON_AddArrayToObject(result, "revoked");
    for (size_t i = 0; i < revoked->count; i++)
        cJSON_AddItemToArray(serials, cJSON_CreateString(revoked->item[i].serial));
    cJSON_AddStringToObject(result, "name", cli->args[0]);
    if (!revoked->count) {
        cg_say(cli, "\"%s\" is already revoked or expired. Nothing was changed.", cli->args[0]);
    } else if (cli->dry_run) {
        cg_say(cli, "Would revoke %zu certificate%s of \"%s\". Nothing was written.", revoked->count, plural,
               cli->args[0]);
    } else {
        cg_time_text(made->next_update, end, sizeof end);
        cg_json_add(result, "crl_number", made->number, "crl_next_update", end);
        cg_say(cli,
               "Revoked %zu certificate%s of \"%s\". New CRL, number %s, %zu revoked, valid until %s:\n  %s/crl.pem",
               revoked->count, plural, cli->args[0], made->number, made->entries, end, cli->dir);
        if (targets)
            cg_say(cli, "Deployed to %zu folder%s.", targets, cg_plural(targets));
    }
    cg_result_of_run(cli, result);
}

static bool deploy(const struct cg_ca *ca, size_t *targets, struct cg_error *err)
{
    const bool ok = cg_deploy_crl(ca, targets, err);
    if (!ok)
        cg_error_prefix(err, "revoked, and the new CRL was written, but");
    return ok;
}

static int revoke(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct cg_revoked revoked = {0};
    size_t targets = 0;
    const bool ok = cg_revoke(ca, context, &revoked, err) &&
                    (!revoked.count || cli->dry_run || deploy(ca, &targets, err));
    if (ok)
        print_revoked(cli, &revoked, targets);
    cg_revoked_clear(&revoked);
    return ok ? CG_EXIT_OK : CG_EXIT_FAILED;
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_revoke_request request = *(const struct cg_revoke_request *)values;
    request.what = cli->args[0];
    if (request.reason && strcmp(request.reason, "unspecified") == 0)
        request.reason = NULL;
    if (!cli->dry_run)
        cg_passphrase_ahead(cli, "ca");
    return cg_verb_with_ca(cli, CG_CA_WRITE, revoke, &request);
}

const struct cg_verb cg_verb_revoke = {
    .name = "revoke",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("NAME|SERIAL", 1, 1),
    .summary = "revoke a certificate and write a new CRL",
    .description =
        "Revokes all valid certificates of NAME, including earlier generations, or the certificate with the\n"
        "serial number SERIAL. If SERIAL is also a name, write 0xSERIAL. A new CRL is written and deployed in the\n"
        "same run.",
    .examples = "certguard revoke sensor1 --reason keyCompromise\n"
                "certguard revoke 4F:1A:22:09:8C",
    .needs_key = true,
    CG_OPTIONS(options, struct cg_revoke_request),
    .run = run,
};
