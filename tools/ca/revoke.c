/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "revoke.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "key.h"
#include "key_ban.h"
#include "store/index_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The new text of the index. */
struct rewrite {
    char *text;
    size_t len;
    struct cg_revoked *revoked; /* what was changed in it */
    size_t matched;             /* rows that are meant, revoked before or not */
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

static bool note_revoked(struct cg_revoked *revoked, const struct cg_index_row *row)
{
    struct cg_revoked_item *item = reallocarray(revoked->item, revoked->count + 1, sizeof *item);
    if (!item)
        return false;
    revoked->item = item;
    item = &item[revoked->count];
    cg_index_row_name(row, item->name);
    if (!(item->serial = strdup(row->serial)))
        return false;
    revoked->count++;
    return true;
}

static bool revoke_row(FILE *out, struct rewrite *rewrite, const struct cg_index_row *old, int64_t when,
                       const char *reason)
{
    struct cg_index_row row = *old;
    if (row.status != 'R')
        row.revoked = when;
    row.status = 'R';
    row.reason = reason ? cg_reason_number(reason) : -1;
    cg_index_print(out, &row);
    return note_revoked(rewrite->revoked, &row);
}

/* One pass: a million lines take as long as reading and writing them. */
static bool rewrite_index(struct cg_index *index, struct rewrite *rewrite, const struct cg_revoke_request *request,
                          int64_t now, struct cg_error *err)
{
    struct cg_error fault = {""};
    struct cg_index_row row;
    const struct meant meant = find_meant(index, request->what);
    FILE *out = open_memstream(&rewrite->text, &rewrite->len);
    bool ok = out;
    while (ok && cg_index_next(index, &row, &fault)) {
        bool is = is_meant(&row, &meant);
        rewrite->matched += is;
        /* what is over needs no entry on a CRL: RFC 5280 5 */
        if (is && is_to_change(&row, now, request->reason))
            ok = revoke_row(out, rewrite, &row, now, request->reason);
        else
            fwrite(row.line, 1, row.len + 1, out);
    }
    if (!out || fclose(out) != 0 || !ok)
        ok = cg_fail_errno(err, "rewrite", "index.txt");
    if (fault.text[0])
        cg_error_set(err, "%s", fault.text);
    return ok && !fault.text[0];
}

static bool journal(struct cg_change *change, const struct cg_revoked *revoked, const char *reason,
                    struct cg_error *err)
{
    char when[24];
    cg_time_text(change->ca->options.now, when, sizeof when);
    for (size_t i = 0; i < revoked->count; i++) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "name", revoked->item[i].name);
        cJSON_AddStringToObject(entry, "serial", revoked->item[i].serial);
        cJSON_AddStringToObject(entry, "reason", reason ? reason : "unspecified");
        cJSON_AddStringToObject(entry, "time", when);
        cJSON_AddStringToObject(entry, "done", "revoked");
        if (!cg_change_journal_line(change, entry, err))
            return false;
    }
    return true;
}

/* Index, CRL and journal change together or not at all. */
static bool write_all(const struct cg_ca *ca, const struct cg_revoke_request *request, const struct rewrite *rewrite,
                      struct cg_error *err)
{
    struct cg_change change = {0};
    struct cg_index fresh = {0};
    struct cg_revoked *revoked = rewrite->revoked;
    EVP_PKEY *key = cg_key_of_ca(ca, "ca", ca->cert, err);
    char *copy = key ? strndup(rewrite->text, rewrite->len) : NULL;
    bool ok = copy && cg_index_of_text(&fresh, copy, rewrite->len, err);
    const struct cg_crl_write_request crl_request = {.folder = "ca",
                                                     .issuer = ca->cert,
                                                     .key = key,
                                                     .index = &fresh,
                                                     .now = ca->options.now,
                                                     .lifetime = request->crl_lifetime};
    ok = ok && cg_change_begin(&change, ca, false, err) &&
         cg_change_put(&change, "index.txt", rewrite->text, rewrite->len, 0600, err) &&
         cg_crl_write(&change, &crl_request, &revoked->crl, err) && journal(&change, revoked, request->reason, err) &&
         cg_change_commit(&change, err);
    cg_change_end(&change);
    cg_index_free(&fresh);
    EVP_PKEY_free(key);
    return ok;
}

static bool unknown(const struct cg_ca *ca, const char *typed, struct cg_error *err)
{
    cg_error_set(
        err, "this CA issued nothing by the name or serial number \"%s\"; certguard -C %s list shows what it issued",
        typed, ca->word);
    return false;
}

bool cg_revoke(const struct cg_ca *ca, const struct cg_revoke_request *request, struct cg_revoked *revoked,
               struct cg_error *err)
{
    struct cg_index index;
    struct rewrite rewrite = {.revoked = revoked};
    *revoked = (struct cg_revoked){0};
    bool ok = cg_index_load(&index, ca, err) && cg_index_check_name(ca, &index, request->what, err) &&
              rewrite_index(&index, &rewrite, request, ca->options.now, err) &&
              (rewrite.matched || unknown(ca, request->what, err)) &&
              (!revoked->count || ca->options.dry_run || write_all(ca, request, &rewrite, err));
    cg_index_free(&index);
    free(rewrite.text);
    return ok;
}

void cg_revoked_clear(struct cg_revoked *revoked)
{
    for (size_t i = 0; i < revoked->count; i++)
        free(revoked->item[i].serial);
    free(revoked->item);
    cg_crl_made_clear(&revoked->crl);
    *revoked = (struct cg_revoked){0};
}
