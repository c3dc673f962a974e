/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "revoke.h"
#include "base/array.h"
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
    struct cg_revoked *revoked; /* the changed rows */
    size_t matched;             /* matching rows, revoked before or not */
};

/* Without the leading zeros and colons that other tools print. */
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

/* A name or a serial number: imported CAs count serial numbers, and "1001" may be a device too. */
struct selector {
    const char *name; /* NULL: a serial number */
    char serial[80];
};

static bool matches(const struct cg_index_row *row, const struct selector *wanted)
{
    char own[CG_NAME_MAX + 1];
    if (!wanted->name)
        return *wanted->serial && strcasecmp(row->serial + strspn(row->serial, "0"), wanted->serial) == 0;
    cg_index_row_name(row, own);
    return strcmp(own, wanted->name) == 0;
}

/* A name has precedence; 0x or colons mark a number. */
static struct selector make_selector(struct cg_index *index, const char *typed)
{
    struct selector wanted = {.name = typed};
    struct cg_index_row row;
    bool found = false;
    while (!found && cg_index_next(index, &row, NULL))
        found = matches(&row, &wanted);
    cg_index_rewind(index);
    plain_serial(typed, wanted.serial, sizeof wanted.serial);
    if (!found)
        wanted.name = NULL;
    return wanted;
}

/* An expired certificate needs no entry on a CRL (RFC 5280 5). But a compromised key must never be certified again, even if
 * the compromise becomes known later. */
static bool is_to_change(const struct cg_index_row *row, int64_t now, const char *reason)
{
    if (reason && cg_reason_is_compromise(cg_reason_number(reason)))
        return row->status != 'R' || !cg_reason_is_compromise(row->reason);
    return row->status == 'V' && row->expires >= now;
}

static bool note_revoked(struct cg_revoked *revoked, const struct cg_index_row *row)
{
    struct cg_revoked_item *item = cg_array_grow(revoked->item, revoked->count, sizeof *item);
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
    struct cg_index_row row;
    const struct selector wanted = make_selector(index, request->what);
    FILE *out = open_memstream(&rewrite->text, &rewrite->len);
    bool ok = out;
    while (ok && cg_index_next(index, &row, err)) {
        bool is_match = matches(&row, &wanted);
        rewrite->matched += is_match;
        if (is_match && is_to_change(&row, now, request->reason))
            ok = revoke_row(out, rewrite, &row, now, request->reason);
        else
            fwrite(row.line, 1, row.len + 1, out);
    }
    if (!out || fclose(out) != 0 || !ok)
        ok = cg_fail_memory(err);
    return ok && !index->is_damaged;
}

static bool journal(struct cg_change *change, const struct cg_revoked *revoked, const char *reason,
                    struct cg_error *err)
{
    for (size_t i = 0; i < revoked->count; i++) {
        cJSON *entry = cg_json_of("name", revoked->item[i].name, "serial", revoked->item[i].serial, "reason",
                                  reason ? reason : "unspecified");
        if (!cg_change_journal(change, "revoked", entry, err))
            return false;
    }
    return true;
}

/* Index, CRL and journal change together or not at all. */
static bool write_all(const struct cg_ca *ca, const struct cg_revoke_request *request, struct rewrite *rewrite,
                      struct cg_error *err)
{
    struct cg_change change = {0};
    struct cg_index rewritten = {0};
    struct cg_revoked *revoked = rewrite->revoked;
    EVP_PKEY *key = cg_key_of_ca(ca, "ca", ca->cert, err);
    bool ok = key && cg_index_of_text(&rewritten, rewrite->text, rewrite->len, err); /* takes text */
    if (key)
        rewrite->text = NULL;
    const struct cg_crl_write_request write = {.folder = "ca",
                                               .issuer = ca->cert,
                                               .key = key,
                                               .index = &rewritten,
                                               .now = ca->options.now,
                                               .lifetime = request->crl_lifetime};
    ok = ok && cg_change_begin(&change, ca, false, err) &&
         cg_change_put(&change, "index.txt", rewritten.text, rewritten.len, 0600, err) &&
         cg_crl_write(&change, &write, &revoked->crl, err) && journal(&change, revoked, request->reason, err);
    ok = cg_change_end(&change, ok, err);
    cg_index_free(&rewritten);
    EVP_PKEY_free(key);
    return ok;
}

static bool unknown(const struct cg_ca *ca, const char *typed, struct cg_error *err)
{
    return cg_fail_text(
        err, "this CA issued no certificate with the name or serial number \"%s\". List all: certguard -C %s list",
        typed, ca->word);
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
