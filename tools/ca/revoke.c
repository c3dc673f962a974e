/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "revoke.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "issue.h"
#include "key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The new text of the index. */
struct rewrite {
    const struct cg_ca *ca;
    struct cg_revoke_lookup lookup;
    struct cg_revoked *revoked; /* the changed rows */
    FILE *out;
    char *text;
    size_t len;
};

/* An expired certificate needs no entry on a CRL (RFC 5280 5). But a compromised key must never be certified again, even if
 * the compromise becomes known later. */
static bool is_to_change(const struct cg_index_row *row, int64_t now, int reason)
{
    const enum cg_reason_gravity gravity = cg_reason_gravity(reason);
    return (row->status != 'R' || gravity > cg_reason_gravity(row->reason)) &&
           (gravity == CG_REASON_COMPROMISE || (row->status != 'E' && row->expires >= now));
}

static bool is_in_archive(const struct cg_index_row *row)
{
    return strncmp(row->file, "archive/", strlen("archive/")) == 0;
}

static bool is_key_unknown(const struct cg_index_row *row)
{
    return row->status == 'R' && cg_reason_gravity(row->reason) == CG_REASON_COMPROMISE && !is_in_archive(row);
}

static struct cg_revoked_item *note(struct cg_revoked *revoked, const struct cg_index_row *row)
{
    struct cg_revoked_item *item = cg_array_grow(revoked->item, revoked->count, sizeof *item);
    if (!item)
        return NULL;
    revoked->item = item;
    item = &item[revoked->count];
    *item = (struct cg_revoked_item){.serial = strdup(row->serial), .reason = row->reason};
    cg_index_row_name(row, item->name);
    revoked->count += item->serial != NULL;
    return item->serial ? item : NULL;
}

/* The date of the first revocation stays. NULL: out of memory. */
static struct cg_revoked_item *revoke_row(struct rewrite *rewrite, const struct cg_index_row *old, int reason)
{
    struct cg_index_row row = *old;
    const bool raised = row.status == 'R';
    if (!raised)
        row.revoked = rewrite->ca->options.now;
    row.status = 'R';
    row.reason = reason;
    cg_index_print(rewrite->out, &row);
    struct cg_revoked_item *item = note(rewrite->revoked, &row);
    if (item) {
        item->raised = raised;
        item->is_key_unknown = is_key_unknown(&row);
    }
    return item;
}

/* ---- the file of a certificate of which the index has no row, or only the serial number */

/* Where the archive has it, or will have it: the ban of a compromised key reads it there. */
static void place(const struct rewrite *rewrite, struct cg_revoked_item *item)
{
    const struct cg_revoked *revoked = rewrite->revoked;
    item->generation = cg_ca_generation_of(rewrite->ca, item->name, item->cert);
    if ((item->is_archived = item->generation))
        return;
    item->generation = cg_ca_generation(rewrite->ca, item->name) + 1;
    for (size_t i = 0; i < revoked->count; i++)
        item->generation += revoked->item[i].cert && strcmp(revoked->item[i].name, item->name) == 0;
}

static void file_of(const struct cg_revoked_item *item, char out[CG_NAME_MAX + 32])
{
    snprintf(out, CG_NAME_MAX + 32, "archive/%s/%04u", item->name, item->generation);
}

/* Without a usable common name, the serial number is the name. */
static void place_by_name(const struct rewrite *rewrite, X509 *cert, const char *serial, struct cg_revoked_item *item)
{
    *item = (struct cg_revoked_item){.cert = cert};
    if (!cg_common_name(X509_get_subject_name(cert), item->name, sizeof item->name) ||
        !cg_ca_name_valid(item->name, NULL))
        snprintf(item->name, sizeof item->name, "%s", serial);
    place(rewrite, item);
}

static bool revoke_file(struct rewrite *rewrite, const struct cg_index_row *row, const struct cg_revoked_item *place_of,
                        int reason, struct cg_error *err)
{
    struct cg_revoked_item *item = revoke_row(rewrite, row, reason);
    if (!item)
        return cg_fail_memory(err);
    item->cert = place_of->cert;
    item->generation = place_of->generation;
    item->is_archived = place_of->is_archived;
    item->is_listed = place_of->is_listed;
    return X509_up_ref(item->cert);
}

/* ---- rows */

/* A row that was imported by its serial number takes the file: without it, a compromised key cannot be banned. */
static bool change_row(struct rewrite *rewrite, const struct cg_index_row *row, X509 *cert, int reason,
                       struct cg_error *err)
{
    char file[CG_NAME_MAX + 32];
    struct cg_index_row placed = *row;
    struct cg_revoked_item place_of;
    if (!cert || is_in_archive(row))
        return revoke_row(rewrite, row, reason) || cg_fail_memory(err);
    place_by_name(rewrite, cert, row->serial, &place_of);
    place_of.is_listed = true;
    file_of(&place_of, file);
    placed.file = file;
    return revoke_file(rewrite, &placed, &place_of, reason, err);
}

/* One pass: a million lines take as long as reading and writing them. */
static bool rewrite_rows(struct rewrite *rewrite, struct cg_index *index, struct cg_error *err)
{
    struct cg_index_row row;
    int reason = -1;
    X509 *cert = NULL;
    bool ok = true;
    cg_index_rewind(index);
    while (ok && cg_index_next(index, &row, err)) {
        const bool is_match = cg_revoke_lookup_row(&rewrite->lookup, &row, &reason, &cert);
        const bool is_raised = is_match && is_to_change(&row, rewrite->ca->options.now, reason);
        const bool changes = is_raised || (cert && is_key_unknown(&row));
        rewrite->revoked->unchanged += is_match && !changes;
        if (changes)
            ok = change_row(rewrite, &row, cert, is_raised ? reason : row.reason, err);
        else
            fwrite(row.line, 1, row.len + 1, rewrite->out);
    }
    return ok && !index->is_damaged;
}

static bool add_row(struct rewrite *rewrite, const struct cg_revoked_item *place_of, const char *serial,
                    struct cg_error *err)
{
    char file[CG_NAME_MAX + 32];
    int reason = -1;
    X509 *cert = NULL;
    struct cg_index_row row = {.status = 'V', .serial = serial, .file = file, .reason = -1};
    char *subject = X509_NAME_oneline(X509_get_subject_name(place_of->cert), NULL, 0);
    file_of(place_of, file);
    row.subject = subject;
    bool ok = subject || cg_fail_memory(err);
    if (ok && !cg_time_seconds(X509_get0_notAfter(place_of->cert), &row.expires))
        row.expires = CG_TIME_LAST;
    if (ok && cg_revoke_lookup_row(&rewrite->lookup, &row, &reason, &cert) &&
        is_to_change(&row, rewrite->ca->options.now, reason))
        ok = revoke_file(rewrite, &row, place_of, reason, err);
    else
        rewrite->revoked->unchanged += ok;
    OPENSSL_free(subject);
    return ok;
}

static bool add_file(struct rewrite *rewrite, const struct cg_revoke_what *what, struct cg_error *err)
{
    struct cg_revoked_item item;
    char *serial = cg_index_serial(X509_get0_serialNumber(what->cert));
    if (!serial)
        return cg_fail_memory(err);
    place_by_name(rewrite, what->cert, serial, &item);
    const bool ok = add_row(rewrite, &item, serial, err);
    OPENSSL_free(serial);
    return ok;
}

static bool rewrite_index(struct rewrite *rewrite, struct cg_index *index, const struct cg_revoke_list *list,
                          struct cg_error *err)
{
    if (!(rewrite->out = open_memstream(&rewrite->text, &rewrite->len)))
        return cg_fail_memory(err);
    bool ok = cg_revoke_lookup_open(&rewrite->lookup, list, err) && rewrite_rows(rewrite, index, err);
    for (size_t i = 0; ok && i < list->count; i++)
        if (list->item[i].cert && !list->item[i].fault && !list->item[i].matched)
            ok = add_file(rewrite, &list->item[i], err);
    cg_revoke_lookup_close(&rewrite->lookup);
    if (fclose(rewrite->out) != 0 && ok)
        ok = cg_fail_memory(err);
    return ok;
}

/* ---- writing */

/* The journal has one line for each certificate of the index. */
static bool note_added(struct cg_change *change, const struct cg_revoked_item *item, const char *file,
                       struct cg_error *err)
{
    char end[24];
    if (item->is_listed)
        return true;
    cg_date_text(X509_get0_notAfter(item->cert), end);
    cJSON *entry = cg_json_of("name", item->name, "serial", item->serial, "state", "issued", "not_after", end, "folder",
                              file);
    return cg_change_journal(change, "imported", entry, err);
}

static bool put_added(struct cg_change *change, const struct cg_revoked_item *item, unsigned slot, struct cg_error *err)
{
    char file[CG_NAME_MAX + 32], folder[32], staged[48];
    file_of(item, file);
    if (!note_added(change, item, file, err))
        return false;
    if (item->is_archived)
        return true;
    snprintf(folder, sizeof folder, "revoked-%u", slot);
    snprintf(staged, sizeof staged, "%s/cert.pem", folder);
    char *pem = cg_cert_pem(item->cert);
    if (!pem)
        return cg_fail_memory(err);
    bool ok = cg_change_stage_folder(change, folder, 0700, err) &&
              cg_change_stage_file(change, staged, pem, strlen(pem), 0644, err) &&
              cg_change_move(change, folder, file, err);
    free(pem);
    return ok;
}

static bool record(struct cg_change *change, const struct cg_revoked *revoked, struct cg_error *err)
{
    for (size_t i = 0; i < revoked->count; i++) {
        const struct cg_revoked_item *item = &revoked->item[i];
        cJSON *entry = cg_json_of("name", item->name, "serial", item->serial, "reason",
                                  item->reason > 0 ? cg_reason_name(item->reason) : "unspecified");
        if ((item->cert && !put_added(change, item, (unsigned)i, err)) ||
            !cg_change_journal(change, "revoked", entry, err))
            return false;
    }
    return true;
}

/* Index, CRL and journal change together or not at all. */
static bool write_all(const struct cg_revoke_request *request, struct rewrite *rewrite, struct cg_error *err)
{
    const struct cg_ca *ca = rewrite->ca;
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
         cg_crl_write(&change, &write, &revoked->crl, err) && record(&change, revoked, err);
    ok = cg_change_end(&change, ok, err);
    cg_index_free(&rewritten);
    EVP_PKEY_free(key);
    return ok;
}

bool cg_revoke(const struct cg_ca *ca, struct cg_revoke_request *request, struct cg_revoked *revoked,
               struct cg_error *err)
{
    struct cg_index index;
    struct rewrite rewrite = {.ca = ca, .revoked = revoked};
    *revoked = (struct cg_revoked){0};
    bool ok = cg_index_load(&index, ca, err) && cg_revoke_identify(&request->list, ca, &index, err) &&
              rewrite_index(&rewrite, &index, &request->list, err) &&
              (!revoked->count || ca->options.dry_run || write_all(request, &rewrite, err));
    cg_index_free(&index);
    free(rewrite.text);
    return ok;
}

void cg_revoked_clear(struct cg_revoked *revoked)
{
    for (size_t i = 0; i < revoked->count; i++) {
        free(revoked->item[i].serial);
        X509_free(revoked->item[i].cert);
    }
    free(revoked->item);
    cg_crl_made_clear(&revoked->crl);
    *revoked = (struct cg_revoked){0};
}
