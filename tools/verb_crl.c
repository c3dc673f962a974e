/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_crl.h"
#include "ca_key.h"
#include "core/name.h"
#include "deploy.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct crl_options {
    bool root;
    const char *refresh_if, *above;
    struct cg_number lifetime;
};

#define AT(field) offsetof(struct crl_options, field)

static const struct cg_option options[] = {
    {"refresh-if", "PERCENT", "only when this part of the CRL's life is over: 50%", CG_OPT_STRING, 0, AT(refresh_if)},
    {"lifetime", "DURATION", "time until nextUpdate (default 7d, of the root 365d)", CG_OPT_LIFETIME, 0, AT(lifetime)},
    {"above", "NUMBER", "with a higher number than this one (hexadecimal), of a CA that was restored from a backup",
     CG_OPT_STRING, 0, AT(above)},
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

/* A CRL that is missing or unreadable is due. */
static bool is_due(const struct cg_ca *ca, const struct cg_cli *cli, const char *folder, long percent)
{
    char path[PATH_MAX];
    int64_t start = 0, end = 0;
    X509_CRL *crl = cg_crl_load(cg_ca_path(ca, path, "%s/crl.pem", folder), NULL);
    bool known = crl && cg_time_seconds(X509_CRL_get0_lastUpdate(crl), &start) &&
                 cg_time_seconds(X509_CRL_get0_nextUpdate(crl), &end) && end > start;
    X509_CRL_free(crl);
    return !known || cli->now - start >= (end - start) * percent / 100;
}

/* Also when nothing is due: what a run that was killed made, but did not deploy, is brought out now. */
static bool deploy(const struct cg_ca *ca, struct cg_error *err)
{
    size_t targets = 0;
    bool good = cg_deploy_crl(ca, &targets, err);
    if (!good)
        cg_error_prefix(err, "the CRL is made, but");
    return good;
}

static bool write_crl(const struct cg_ca *ca, const struct cg_cli *cli, const struct crl_options *o,
                      const BIGNUM *above, struct cg_crl_made *made, struct cg_error *err)
{
    struct cg_change change = {0};
    struct cg_index index = {0};
    X509 *issuer = o->root ? ca->root : ca->cert;
    struct cg_crl_order order = {.folder = o->root ? "root" : "ca",
                                 .issuer = issuer,
                                 .index = o->root ? NULL : &index,
                                 .now = cli->now,
                                 .above = above,
                                 .lifetime = o->lifetime.given ? o->lifetime.value
                                             : o->root         ? CG_ROOT_CRL_LIFETIME
                                                               : CG_CRL_LIFETIME};
    bool good = (order.key = cg_key_of_ca(cli, ca, order.folder, issuer, err)) && cg_index_load(&index, ca, err) &&
                cg_change_begin(&change, ca, false, err) && cg_crl_write(&change, &order, made, err) &&
                cg_change_commit(&change, err);
    good = good && deploy(ca, err);
    cg_change_end(&change);
    cg_index_free(&index);
    EVP_PKEY_free(order.key);
    return good;
}

static void tell(const struct cg_cli *cli, const struct cg_crl_made *made, bool due, bool restored)
{
    char end[24];
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
        if (restored)
            cg_say(cli, "What was revoked after a backup was made is not on it: revoke it again.");
    } else {
        cg_say(cli, "The CRL is not due; nothing was changed.");
    }
    cg_result(cli, result);
}

static int run(const struct cg_cli *cli, const void *values)
{
    const struct crl_options *o = values;
    struct cg_error err = {""};
    struct cg_ca ca;
    struct cg_crl_made made = {0};
    BIGNUM *above = NULL;
    long percent = 0;
    if (o->refresh_if && !parse_percent(o->refresh_if, &percent))
        return cg_usage(cli, "--refresh-if: expected 0%% to 100%%, found \"%s\"", o->refresh_if);
    if (o->refresh_if && o->above)
        return cg_usage(cli, "--above writes a CRL in any case; leave --refresh-if out");
    if (o->above && !parse_number(o->above, &above))
        return cg_usage(cli, "--above: expected a number of at most 40 hexadecimal digits, found \"%s\"", o->above);
    int code = cg_ca_open(&ca, cli, CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && o->root && !cg_ca_is_two_tier(&ca)) {
        cg_error_set(&err, "this CA has no intermediate: its one CRL is made without --root");
        code = CG_EXIT_FAILED;
    }
    if (code == CG_EXIT_OK) {
        bool due = !o->refresh_if || is_due(&ca, cli, o->root ? "root" : "ca", percent);
        if (!cli->dry_run && !(due ? write_crl(&ca, cli, o, above, &made, &err) : deploy(&ca, &err)))
            code = CG_EXIT_FAILED;
        else
            tell(cli, &made, due, above != NULL);
    }
    BN_free(above);
    cg_crl_made_clear(&made);
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
        "revoke again what was revoked since, then use --above with the number that the broker or doctor names.",
    .examples = "certguard crl\n"
                "certguard crl --refresh-if 50% --passphrase-file /root/ca-passphrase\n"
                "certguard crl --above 2f\n"
                "certguard crl --root",
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct crl_options),
    .run = run,
};
