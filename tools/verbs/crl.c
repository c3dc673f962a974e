/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/crl_renew.h"
#include "ca_options/ca_options.h"
#include "ca_options/hooks.h"
#include "ca_options/passphrase.h"
#include "core/cert/name.h"
#include "deploy/deploy.h"
#include "store/revoked.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

struct options {
    struct cg_crl_request request; /* without above, which the run adds */
    const char *refresh_if, *above;
};

static const struct cg_option options[] = {
    {"refresh-if", "PERCENT", "write a CRL only if this part of the last CRL's lifetime has passed, such as 50%",
     CG_OPT_STRING, 0, AT(refresh_if)},
    {"lifetime", "DURATION", "time until nextUpdate, also of later CRLs; remembered (default 7d, of the root 365d)",
     CG_OPT_LIFETIME, 0, AT(request.lifetime)},
    {"above", "NUMBER", "use a CRL number above NUMBER (hexadecimal), after restoring the CA from a backup",
     CG_OPT_STRING, 0, AT(above)},
    {"restore-index", NULL, "repair index.txt from the journal, archive/ and the last CRL", CG_OPT_FLAG, 0,
     AT(request.restore_index)},
    {"root", NULL, "write the root's CRL, if there is an intermediate; needs the root key", CG_OPT_FLAG, 0,
     AT(request.root)},
};

static bool parse_percent(const char *text, long *out)
{
    char *end = NULL;
    *out = strtol(text, &end, 10);
    return end != text && *out >= 0 && *out <= 100 && (!*end || strcmp(end, "%") == 0);
}

/* Hexadecimal, as in events and in the output of certguard and openssl. */
static bool parse_number(const char *text, BIGNUM **out)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    return digits > 0 && digits <= 40 && !text[digits] && BN_hex2bn(out, text) > 0;
}

/* Also if no CRL is due: an earlier run may have been killed before it deployed its CRL. */
static bool deploy(const struct cg_ca *ca, struct cg_error *err)
{
    size_t targets = 0;
    bool ok = cg_deploy_crl(ca, &targets, err);
    if (!ok)
        cg_error_prefix(err, "the CRL was written, but");
    return ok;
}

static cJSON *say_renewed(const struct cg_cli *cli, const struct cg_crl_request *request,
                          const struct cg_crl_renewed *renewed, bool due)
{
    char end[24];
    const struct cg_crl_made *made = &renewed->made;
    cJSON *result = cJSON_CreateObject();
    cJSON_AddBoolToObject(result, "due", due);
    cJSON_AddBoolToObject(result, "written", due && !cli->dry_run);
    if (due && cli->dry_run) {
        cg_say(cli, "Would write a new CRL. Nothing was written.");
    } else if (due) {
        cg_time_text(made->next_update, end, sizeof end);
        cJSON_AddStringToObject(result, "number", made->number);
        cJSON_AddNumberToObject(result, "revoked", (double)made->entries);
        cJSON_AddStringToObject(result, "next_update", end);
        cg_say(cli, "New CRL, number %s, %zu revoked, valid until %s:\n  %s/crl.pem", made->number, made->entries, end,
               cli->dir);
        if (request->settings)
            cg_say(cli, "Later CRLs have the same lifetime: it is the setting %s.",
                   cg_settings_crl_key(request->root ? "root" : "ca"));
        if (request->restore_index) {
            cJSON_AddNumberToObject(result, "restored", (double)renewed->restored);
            cg_say(cli, "index.txt: %zu line%s restored or marked as revoked again.", renewed->restored,
                   cg_plural(renewed->restored));
        }
        if (request->above)
            cg_say(cli, "The CRL lacks certificates that were revoked after the backup was made: revoke them again.");
    } else {
        cg_say(cli, "The CRL is not due. Nothing was changed.");
    }
    return result;
}

/* The root's CRL is also in crl.pem, and this run only copied it. */
static void warn_root(const struct cg_cli *cli, const struct cg_ca *ca)
{
    int64_t start = 0, end = 0;
    char text[24];
    X509_CRL *crl = cg_ca_is_two_tier(ca) ? cg_crl_last(ca, "root", ca->root) : NULL;
    if (crl && cg_time_seconds(X509_CRL_get0_lastUpdate(crl), &start) &&
        cg_time_seconds(X509_CRL_get0_nextUpdate(crl), &end) && (start > cli->now || end < cli->now)) {
        cg_time_text(end < cli->now ? end : start, text, sizeof text);
        cg_warn(cli,
                "the root's CRL %s %s, so brokers refuse all clients; write a new one with the root key: %s crl --root",
                end < cli->now ? "expired at" : "is not valid before", text, cli->prefix);
    }
    X509_CRL_free(crl);
}

struct run {
    struct cg_crl_request request;
    bool always;  /* without --refresh-if */
    long percent; /* of --refresh-if */
};

/* The lifetime of the option becomes the setting. */
static bool remember_lifetime(struct cg_crl_request *request, const struct cg_ca *ca, struct cg_settings *settings,
                              struct cg_error *err)
{
    const char *key = cg_settings_crl_key(request->root ? "root" : "ca");
    if (!request->lifetime)
        return true;
    if (!cg_settings_load(settings, ca->dir, err))
        return false;
    request->settings = cg_settings_duration(settings, key) == request->lifetime ? NULL : settings;
    return cg_settings_set_duration(settings, key, request->lifetime, err);
}

static int write_and_deploy(struct cg_ca *ca, const struct cg_cli *cli, const struct run *run, struct cg_error *err)
{
    const struct cg_crl_request *request = &run->request;
    struct cg_crl_renewed renewed = {.restored = 0};
    const bool due = run->always || ca->clock_set || cg_crl_is_due(ca, request->root, (unsigned)run->percent);
    const bool ok = cli->dry_run || ((!due || cg_crl_renew(ca, request, &renewed, err)) && deploy(ca, err));
    cJSON *result = ok ? say_renewed(cli, request, &renewed, due) : NULL;
    cg_warn_settings(cli, &renewed.made);
    if (ok && !request->root)
        warn_root(cli, ca);
    const bool done = cg_verb_hooks(cli, ca, NULL, 0, cJSON_AddArrayToObject(result, "hooks"));
    if (ok)
        cg_result(cli, result);
    cg_crl_made_clear(&renewed.made);
    return !ok ? CG_EXIT_FAILED : done ? CG_EXIT_OK : CG_REPORTED(CG_EXIT_FAILED);
}

static int renew(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err)
{
    struct run *run = context;
    struct cg_settings settings = {0};
    int code = CG_EXIT_FAILED;
    if (run->request.root && !cg_ca_is_two_tier(ca))
        cg_error_set(err, "this CA has no intermediate; leave out --root");
    else if (remember_lifetime(&run->request, ca, &settings, err))
        code = write_and_deploy(ca, cli, run, err);
    cg_settings_free(&settings);
    return code;
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct options *o = values;
    struct run run = {.request = o->request, .always = !o->refresh_if};
    const bool repairs = o->request.root || o->request.restore_index;
    BIGNUM *above = NULL;
    if (o->refresh_if && !parse_percent(o->refresh_if, &run.percent))
        return cg_usage(cli, "--refresh-if: expected 0%% to 100%%, found \"%s\"", o->refresh_if);
    if (o->refresh_if && (o->above || o->request.restore_index))
        return cg_usage(cli, "--%s always writes a CRL; leave out --refresh-if", o->above ? "above" : "restore-index");
    if (o->request.root && o->request.restore_index)
        return cg_usage(cli, "index.txt belongs to the issuing CA; leave out --root or --restore-index");
    if (o->above && !parse_number(o->above, &above))
        return cg_usage(cli, "--above: expected a number of at most 40 hexadecimal digits, found \"%s\"", o->above);
    run.request.above = above;
    if (!o->refresh_if && !cli->dry_run)
        cg_passphrase_ahead(cli, o->request.root ? "root" : "ca");
    const int code = cg_verb_with_ca(cli, repairs ? CG_CA_REPAIR : CG_CA_WRITE, renew, &run);
    BN_free(above);
    return code;
}

const struct cg_verb cg_verb_crl = {
    .name = "crl",
    .group = CG_GROUP_CA,
    .arguments = "",
    .summary = "write a new CRL",
    .description =
        "Writes crl.pem, which brokers read (the CRLs of all CAs in this folder), and crl.der. When a CRL has\n"
        "expired, a broker refuses all clients of its CA. To refresh the CRL in time, use install-units, or run\n"
        "crl --refresh-if 50% daily.\n\n"
        "The lifetime of --lifetime becomes a setting of the CA (certguard config), so that later runs, timers and\n"
        "revocations use it too.\n\n"
        "A broker rejects a CRL whose number is lower than one that it has already used. After you restore a CA\n"
        "from a backup, first revoke again everything that was revoked since the backup. Then use --above with\n"
        "the number that the broker or doctor reports.\n\n"
        "certguard never writes a CRL that omits a revocation of the last CRL or of the journal, the CA's record\n"
        "of its changes. If index.txt, its list of certificates, is missing or incomplete, restore it from a\n"
        "backup, or use --restore-index.",
    .examples = "certguard crl\n"
                "certguard crl --refresh-if 50% --passphrase-file /root/ca-passphrase\n"
                "certguard crl --above 2f\n"
                "certguard crl --restore-index\n"
                "certguard crl --root",
    .needs_key = true,
    CG_OPTIONS(options, struct options),
    .run = run,
};
