/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_cli.h"
#include "ca_clock.h"
#include "ca_crl.h"
#include "ca_key.h"
#include "ca_passphrase.h"
#include "ca_restore.h"
#include "ca_revoked.h"
#include "core/name.h"
#include "deploy.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct crl_options {
    bool root, restore_index;
    const char *refresh_if, *above;
    struct cg_number lifetime;
};

struct crl_written {
    BIGNUM *above; /* --above; NULL */
    struct cg_crl_made made;
    size_t restored; /* rows of the index that were put back or marked as revoked again */
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

static bool is_copy(const struct cg_ca *ca, const char *file, X509 *issuer, X509_CRL *crl)
{
    char path[PATH_MAX];
    X509_CRL *copy = cg_crl_of(cg_ca_path(ca, path, "%s", file), issuer);
    bool same = copy && X509_CRL_match(crl, copy) == 0;
    X509_CRL_free(copy);
    return same;
}

/* A CRL that is missing, unreadable or another one than its copies is due; so is one of the future, which was made
 * while the clock was wrong: nobody is let in by it until then. */
static bool is_due(const struct cg_ca *ca, const struct cg_cli *cli, const char *folder, X509 *issuer, long percent)
{
    char path[PATH_MAX];
    int64_t start = 0, end = 0;
    X509_CRL *crl = cg_crl_of(cg_ca_path(ca, path, "%s/crl.pem", folder), issuer);
    bool known = crl && is_copy(ca, "crl.pem", issuer, crl) &&
                 (issuer != ca->cert || is_copy(ca, "crl.der", issuer, crl)) &&
                 cg_time_seconds(X509_CRL_get0_lastUpdate(crl), &start) &&
                 cg_time_seconds(X509_CRL_get0_nextUpdate(crl), &end) && end > start;
    X509_CRL_free(crl);
    return !known || start > cli->now || cli->now - start >= (end - start) * percent / 100;
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

/* Later runs compare their clock with the journal, where a CRL leaves no line of its own. */
static bool journal_line(struct cg_change *change, const struct cg_cli *cli, const char *done, struct cg_error *err)
{
    char when[24];
    cJSON *entry = cJSON_CreateObject();
    cg_time_text(cli->now, when, sizeof when);
    cJSON_AddStringToObject(entry, "time", when);
    cJSON_AddStringToObject(entry, "done", done);
    return cg_change_journal_line(change, entry, err);
}

static bool restore(struct cg_change *change, const struct cg_cli *cli, struct cg_index *index, size_t *restored,
                    struct cg_error *err)
{
    return cg_index_restore(change->ca, index, restored, err) &&
           cg_change_put(change, "index.txt", index->text, index->len, 0600, err) &&
           journal_line(change, cli, "restored the index", err);
}

static bool write_crl(const struct cg_ca *ca, const struct cg_cli *cli, const struct crl_options *o,
                      struct crl_written *written, struct cg_error *err)
{
    struct cg_change change = {0};
    struct cg_index index = {0};
    X509 *issuer = o->root ? ca->root : ca->cert;
    struct cg_crl_order order = {.folder = o->root ? "root" : "ca",
                                 .issuer = issuer,
                                 .index = o->root ? NULL : &index,
                                 .now = cli->now,
                                 .above = written->above,
                                 .lifetime = o->lifetime.value};
    bool good = (order.key = cg_key_of_ca(ca, order.folder, issuer, err)) && cg_index_load(&index, ca, err) &&
                cg_change_begin(&change, ca, false, err) &&
                (!o->restore_index || restore(&change, cli, &index, &written->restored, err)) &&
                (!ca->clock_set || journal_line(&change, cli, CG_CLOCK_SET_BACK, err)) &&
                cg_crl_write(&change, &order, &written->made, err) && cg_change_commit(&change, err);
    good = good && deploy(ca, err);
    cg_change_end(&change);
    cg_index_free(&index);
    EVP_PKEY_free(order.key);
    return good;
}

static void tell(const struct cg_cli *cli, const struct crl_options *o, const struct crl_written *written, bool due)
{
    char end[24];
    const struct cg_crl_made *made = &written->made;
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
            cJSON_AddNumberToObject(result, "restored", (double)written->restored);
            cg_say(cli, "index.txt: %zu line%s put back or marked as revoked again.", written->restored,
                   written->restored == 1 ? "" : "s");
        }
        if (written->above)
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
    struct crl_written written = {0};
    long percent = 0;
    if (o->refresh_if && !parse_percent(o->refresh_if, &percent))
        return cg_usage(cli, "--refresh-if: expected 0%% to 100%%, found \"%s\"", o->refresh_if);
    if (o->refresh_if && o->above)
        return cg_usage(cli, "--above writes a CRL in any case; leave --refresh-if out");
    if (o->refresh_if && o->restore_index)
        return cg_usage(cli, "--restore-index writes a CRL in any case; leave --refresh-if out");
    if (o->root && o->restore_index)
        return cg_usage(cli, "index.txt is the issuing CA's; leave --root or --restore-index out");
    if (o->above && !parse_number(o->above, &written.above))
        return cg_usage(cli, "--above: expected a number of at most 40 hexadecimal digits, found \"%s\"", o->above);
    if (!o->refresh_if && !cli->dry_run)
        cg_passphrase_ahead(cli, o->root ? "root" : "ca");
    int code = cg_verb_open_ca(&ca, cli, o->root || o->restore_index ? CG_CA_MEND : CG_CA_WRITE, &err);
    if (code == CG_EXIT_OK && o->root && !cg_ca_is_two_tier(&ca)) {
        cg_error_set(&err, "this CA has no intermediate: its one CRL is made without --root");
        code = CG_EXIT_FAILED;
    }
    if (code == CG_EXIT_OK) {
        bool due = !o->refresh_if || ca.clock_set ||
                   (o->root ? is_due(&ca, cli, "root", ca.root, percent) : is_due(&ca, cli, "ca", ca.cert, percent));
        if (!cli->dry_run && !(due ? write_crl(&ca, cli, o, &written, &err) : deploy(&ca, &err)))
            code = CG_EXIT_FAILED;
        else
            tell(cli, o, &written, due);
        if (code == CG_EXIT_OK && !o->root)
            warn_root(cli, &ca);
    }
    BN_free(written.above);
    cg_crl_made_clear(&written.made);
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
