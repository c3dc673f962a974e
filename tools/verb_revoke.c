/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_cli.h"
#include "ca_crl.h"
#include "ca_index_check.h"
#include "ca_key.h"
#include "ca_key_ban.h"
#include "ca_passphrase.h"
#include "core/name.h"
#include "deploy.h"
#include "fault.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* The new text of the index, and what was changed in it. */
struct rewrite {
    char *text;
    size_t len;
    size_t matched, revoked; /* rows that are meant; of these, not revoked before */
    cJSON *serials;          /* borrowed array in the result */
    cJSON *names;            /* of the same certificates, for the journal */
};

/* Leading zeros and colons are how other tools print the same number. */
static void plain_serial(const char *typed, char *out, size_t size)
{
    size_t n = 0;
    if (strncasecmp(typed, "0x", 2) == 0)
        typed += 2;
    for (; *typed && n + 1 < size; typed++)
        if (*typed != ':' && (n || *typed != '0'))
            out[n++] = *typed;
    out[n] = '\0';
}

/* What was typed is one of the two: adopted CAs count serial numbers, and "1001" may be a device too. */
struct meant {
    const char *name; /* NULL: it is a serial number */
    char serial[80];
};

static bool is_meant(const struct cg_index_row *row, const struct meant *meant)
{
    char own[CG_NAME_MAX + 1];
    if (!meant->name)
        return *meant->serial && strcasecmp(row->serial + strspn(row->serial, "0"), meant->serial) == 0;
    cg_index_row_name(row, own);
    return strcmp(own, meant->name) == 0;
}

/* A name wins; 0x or colons say that it is a number. */
static struct meant find_meant(struct cg_index *index, const char *typed)
{
    struct meant meant = {.name = typed};
    struct cg_index_row row;
    bool found = false;
    while (!found && cg_index_next(index, &row, NULL))
        found = is_meant(&row, &meant);
    index->at = index->number = 0;
    plain_serial(typed, meant.serial, sizeof meant.serial);
    if (!found)
        meant.name = NULL;
    return meant;
}

/* What is over needs no entry on a CRL (RFC 5280 5). A key that was compromised is another matter: it is not certified
 * again, whenever that becomes known. */
static bool is_to_change(const struct cg_index_row *row, int64_t now, const char *reason)
{
    if (reason && cg_reason_is_compromise(cg_reason_number(reason)))
        return row->status != 'R' || !cg_reason_is_compromise(row->reason);
    return row->status == 'V' && row->expires >= now;
}

static void revoke_row(FILE *out, struct rewrite *rewrite, const struct cg_index_row *old, int64_t when,
                       const char *reason)
{
    struct cg_index_row row = *old;
    char name[CG_NAME_MAX + 1];
    if (row.status != 'R')
        row.revoked = when;
    row.status = 'R';
    row.reason = reason ? cg_reason_number(reason) : -1;
    cg_index_print(out, &row);
    cg_index_row_name(&row, name);
    cJSON_AddItemToArray(rewrite->serials, cJSON_CreateString(row.serial));
    cJSON_AddItemToArray(rewrite->names, cJSON_CreateString(name));
    rewrite->revoked++;
}

/* One pass: a million lines take as long as reading and writing them. */
static bool rewrite_index(struct cg_index *index, struct rewrite *rewrite, const struct cg_cli *cli, const char *reason,
                          struct cg_error *err)
{
    struct cg_error fault = {""};
    struct cg_index_row row;
    const struct meant meant = find_meant(index, cli->args[0]);
    FILE *out = open_memstream(&rewrite->text, &rewrite->len);
    if (!out)
        return cg_fault_errno(err, "rewrite", "index.txt");
    while (cg_index_next(index, &row, &fault)) {
        bool is = is_meant(&row, &meant);
        rewrite->matched += is;
        /* what is over needs no entry on a CRL: RFC 5280 5 */
        if (is && is_to_change(&row, cli->now, reason))
            revoke_row(out, rewrite, &row, cli->now, reason);
        else
            fwrite(row.line, 1, row.len + 1, out);
    }
    bool good = fclose(out) == 0 || cg_fault_errno(err, "rewrite", "index.txt");
    if (fault.text[0])
        cg_error_set(err, "%s", fault.text);
    return good && !fault.text[0];
}

static bool journal(struct cg_change *change, const struct cg_cli *cli, const struct rewrite *rewrite,
                    const char *reason, struct cg_error *err)
{
    char when[24];
    cJSON *serial = NULL, *name = rewrite->names->child;
    cg_time_text(cli->now, when, sizeof when);
    cJSON_ArrayForEach(serial, rewrite->serials)
    {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "name", name ? name->valuestring : "");
        name = name ? name->next : NULL;
        cJSON_AddStringToObject(entry, "serial", serial->valuestring);
        cJSON_AddStringToObject(entry, "reason", reason ? reason : "unspecified");
        cJSON_AddStringToObject(entry, "time", when);
        cJSON_AddStringToObject(entry, "done", "revoked");
        if (!cg_change_journal_line(change, entry, err))
            return false;
    }
    return true;
}

/* Index, CRL and journal change together or not at all. */
static bool write_all(const struct cg_ca *ca, const struct cg_cli *cli, const struct revoke_options *o,
                      const struct rewrite *rewrite, const char *reason, struct cg_crl_made *made, size_t *targets,
                      struct cg_error *err)
{
    struct cg_change change = {0};
    struct cg_index fresh = {0};
    EVP_PKEY *key = cg_key_of_ca(ca, "ca", ca->cert, err);
    char *copy = key ? strndup(rewrite->text, rewrite->len) : NULL;
    bool good = copy && cg_index_of_text(&fresh, copy, rewrite->len, err);
    const struct cg_crl_order order = {.folder = "ca",
                                       .issuer = ca->cert,
                                       .key = key,
                                       .index = &fresh,
                                       .now = cli->now,
                                       .lifetime = o->lifetime.value};
    good = good && cg_change_begin(&change, ca, false, err) &&
           cg_change_put(&change, "index.txt", rewrite->text, rewrite->len, 0600, err) &&
           cg_crl_write(&change, &order, made, err) && journal(&change, cli, rewrite, reason, err) &&
           cg_change_commit(&change, err);
    if (good && !(good = cg_deploy_crl(ca, targets, err)))
        cg_error_prefix(err, "revoked, and the new CRL is made, but");
    cg_change_end(&change);
    cg_index_free(&fresh);
    EVP_PKEY_free(key);
    return good;
}

static void tell(const struct cg_cli *cli, const struct rewrite *rewrite, const struct cg_crl_made *made,
                 size_t targets, cJSON *result)
{
    char end[24];
    cJSON_AddStringToObject(result, "name", cli->args[0]);
    cJSON_AddBoolToObject(result, "dry_run", cli->dry_run);
    if (!rewrite->revoked) {
        cg_say(cli, "\"%s\" is revoked or over already; nothing was changed.", cli->args[0]);
        return;
    }
    if (cli->dry_run) {
        cg_say(cli, "Would revoke %zu certificate%s of \"%s\"; nothing was written.", rewrite->revoked,
               rewrite->revoked == 1 ? "" : "s", cli->args[0]);
        return;
    }
    cg_time_text(made->next_update, end, sizeof end);
    cJSON_AddStringToObject(result, "crl_number", made->number);
    cJSON_AddStringToObject(result, "crl_next_update", end);
    cg_say(cli, "Revoked %zu certificate%s of \"%s\". New CRL, number %s, %zu revoked, good until %s:\n  %s/crl.pem",
           rewrite->revoked, rewrite->revoked == 1 ? "" : "s", cli->args[0], made->number, made->entries, end,
           cli->dir);
    if (targets)
        cg_say(cli, "Deployed to %zu folder%s.", targets, targets == 1 ? "" : "s");
}

static bool tell_unknown(const struct cg_ca *ca, const char *typed, struct cg_error *err)
{
    cg_error_set(
        err, "this CA issued nothing by the name or serial number \"%s\"; certguard -C %s list shows what it issued",
        typed, ca->word);
    return false;
}

static bool revoke(const struct cg_ca *ca, const struct cg_cli *cli, const struct revoke_options *o,
                   struct cg_error *err)
{
    struct cg_index index;
    struct rewrite rewrite = {0};
    struct cg_crl_made made = {0};
    size_t targets = 0;
    cJSON *result = cJSON_CreateObject();
    const char *reason = o->reason && strcmp(o->reason, "unspecified") != 0 ? o->reason : NULL;
    rewrite.serials = cJSON_AddArrayToObject(result, "revoked");
    rewrite.names = cJSON_CreateArray();
    bool good = cg_index_load(&index, ca, err) && cg_index_check_name(ca, &index, cli->args[0], err) &&
                rewrite_index(&index, &rewrite, cli, reason, err);
    if (good && !rewrite.matched)
        good = tell_unknown(ca, cli->args[0], err);
    if (good && rewrite.revoked && !cli->dry_run)
        good = write_all(ca, cli, o, &rewrite, reason, &made, &targets, err);
    if (good) {
        tell(cli, &rewrite, &made, targets, result);
        cg_result(cli, result);
    } else {
        cJSON_Delete(result);
    }
    cg_crl_made_clear(&made);
    cg_index_free(&index);
    cJSON_Delete(rewrite.names);
    free(rewrite.text);
    return good;
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
