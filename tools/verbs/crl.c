/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/crl_renew.h"
#include "ca_options/ca_options.h"
#include "ca_options/passphrase.h"
#include "core/cert/name.h"
#include "deploy/deploy.h"
#include "store/revoked.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct crl_options {
    bool root, restore_index;
    const char *refresh_if, *above;
    struct cg_number lifetime;
};

#define AT(field) offsetof(struct crl_options, field)

static const struct cg_option options[] = {
    {"refresh-if", "PERCENT", "only when this part of the CRL's life is over: 50%", CG_OPT_STRING, 0, AT(refresh_if)},
    {"lifetime", "DURATION", "time until nextUpdate (default 7d, of the root 365d)", CG_OPT_LIFETIME, 0, AT(lifetime)},
    {"above", "NUMBER", "with a higher number than this one (hexadecimal), of a CA that was restored from a backup",
     CG_OPT_STRING, 0, AT(above)},
    {"restore-index", NULL, "make index.txt whole again, from the journal, archive/ and the last CRL", CG_OPT_FLAG, 0,
     AT(restore_index)},
    {"root", NULL, "the root's CRL, where there is an intermediate; needs the root's key", CG_OPT_FLAG, 0, AT(root)},
};

static bool parse_percent(const char *text, long *out)
{
    char *end = NULL;
    *out = strtol(text, &end, 10);
    return end != text && *out >= 0 && *out <= 100 && (!*end || strcmp(end, "%") == 0);
}

/* As events, certguard and openssl print it. */
static bool parse_number(const char *text, BIGNUM **out)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    return digits > 0 && digits <= 40 && !text[digits] && BN_hex2bn(out, text) > 0;
}

/* Also when nothing is due: what a run that was killed made, but did not deploy, is brought out now. */
static bool deploy(const struct cg_ca *ca, struct cg_error *err)
{
    size_t targets = 0;
    bool ok = cg_deploy_crl(ca, &targets, err);
    if (!ok)
        cg_error_prefix(err, "the CRL is made, but");
    return ok;
}

static bool renew(const struct cg_ca *ca, const struct crl_options *o, const BIGNUM *above,
                  struct cg_crl_renewed *renewed, struct cg_error *err)
{
    const struct cg_crl_request request = {
        .root = o->root, .restore_index = o->restore_index, .above = above, .lifetime = o->lifetime.value};
    return cg_crl_renew(ca, &request, renewed, err);
}

static void tell(const struct cg_cli *cli, const struct crl_options *o, const struct cg_crl_renewed *renewed, bool due)
{
    char end[24];
    const struct cg_crl_made *made = &renewed->made;
    cJSON *result = cJSON_CreateObject();
    cJSON_AddBoolToObject(result, "due", due);
    cJSON_AddBoolToObject(result, "written", due && !cli->dry_run);
    if (due && cli->dry_run) {
        cg_say(cli, "Would write a new CRL; nothing was written.");
    } else if (due) {
        cg_time_text(made->next_update, end, sizeof end);
        cJSON_AddStringToObject(result, "number", made->number);
        cJSON_AddNumberToObject(result, "revoked", (double)made->entries);
        cJSON_AddStringToObject(result, "next_update", end);
        cg_say(cli, "New CRL, number %s, %zu revoked, good until %s:\n  %s/crl.pem", made->number, made->entries, end,
               cli->dir);
        if (o->restore_index) {
            cJSON_AddNumberToObject(result, "restored", (double)renewed->restored);
            cg_say(cli, "index.txt: %zu line%s put back or marked as revoked again.", renewed->restored,
                   renewed->restored == 1 ? "" : "s");
        }
        if (o->above)
            cg_say(cli, "What was revoked after a backup was made is not on it: revoke it again.");
    } else {
        cg_say(cli, "The CRL is not due; nothing was changed.");
    }
    cg_result(cli, result);
}

/* The other half of crl.pem, which this run copied as it was. */
static void warn_root(const struct cg_cli *cli, const struct cg_ca *ca)
{
    int64_t start = 0, end = 0;
    char text[24];
    X509_CRL *crl = cg_ca_is_two_tier(ca) ? cg_crl_last(ca, "root", ca->root) : NULL;
    if (crl && cg_time_seconds(X509_CRL_get0_lastUpdate(crl), &start) &&
        cg_time_seconds(X509_CRL_get0_nextUpdate(crl), &end) && (start > cli->now || end < cli->now)) {
        cg_time_text(end < cli->now ? end : start, text, sizeof text);
        cg_warn(cli,
                "the CRL of the root %s %s, so brokers refuse everyone; make a new one, where the root's key is: "
                "certguard -C %s crl --root",
                end < cli->now ? "ended at" : "is not good before", text, ca->word);
    }
    X509_CRL_free(crl);
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct crl_options *o = values;
    struct cg_error err = {""};
    struct cg_ca ca;
    struct cg_crl_renewed renewed = {.restored = 0};
    BIGNUM *above = NULL;
    long percent = 0;
    if (o->refresh_if && !parse_percent(o->refresh_if, &percent))
        return cg_usage(cli, "--refresh-if: expected 0%% to 100%%, found \"%s\"", o->refresh_if);
    if (o->refresh_if && o->above)
        return cg_usage(cli, "--above writes a CRL in any case; leave --refresh-if out");
    if (o->refresh_if && o->restore_index)
        return cg_usage(cli, "--restore-index writes a CRL in any case; leave --refresh-if out");
    if (o->root && o->restore_index)
        return cg_usage(cli, "index.txt is the issuing CA's; leave --root or --restore-index out");
    if (o->above && !parse_number(o->above, &above))
        return cg_usage(cli, "--above: expected a number of at most 40 hexadecimal digits, found \"%s\"", o->above);
    if (!o->refresh_if && !cli->dry_run)
        cg_passphrase_ahead(cli, o->root ? "root" : "ca");
    int code = cg_verb_open_ca(&ca, cli, o->root || o->restore_index ? CG_CA_MEND : CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && o->root && !cg_ca_is_two_tier(&ca)) {
        cg_error_set(&err, "this CA has no intermediate: its one CRL is made without --root");
        code = CG_EXIT_FAILED;
    }
    if (code == CG_EXIT_OK) {
        bool due = !o->refresh_if || ca.clock_set || cg_crl_is_due(&ca, o->root, (unsigned)percent);
        if (!cli->dry_run && !((!due || renew(&ca, o, above, &renewed, &err)) && deploy(&ca, &err)))
            code = CG_EXIT_FAILED;
        else
            tell(cli, o, &renewed, due);
        if (code == CG_EXIT_OK && !o->root)
            warn_root(cli, &ca);
    }
    BN_free(above);
    cg_crl_made_clear(&renewed.made);
    cg_ca_close(&ca);
    return code == CG_EXIT_OK ? code : cg_fail(cli, code, &err);
}

const struct cg_verb cg_verb_crl = {
    .name = "crl",
    .group = CG_GROUP_CA,
    .arguments = "",
    .summary = "write a new CRL",
    .description =
        "Writes crl.pem (for brokers: the CRL of every CA here) and crl.der. Brokers refuse everyone when a CRL has\n"
        "lapsed, so run it daily from a timer with --refresh-if 50%.\n\n"
        "A broker refuses a CRL with a lower number than it has used. Of a CA that was restored from a backup:\n"
        "revoke again what was revoked since, then use --above with the number that the broker or doctor names.\n\n"
        "No CRL is made that takes back what the last one or the journal revoked. Where index.txt was lost or\n"
        "shortened, put it back from a backup, or let --restore-index make it again.",
    .examples = "certguard crl\n"
                "certguard crl --refresh-if 50% --passphrase-file /root/ca-passphrase\n"
                "certguard crl --above 2f\n"
                "certguard crl --restore-index\n"
                "certguard crl --root",
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct crl_options),
    .run = run,
};
