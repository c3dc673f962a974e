/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "prune.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "generation.h"
#include "rotation.h"
#include "target_ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const files[] = {"privkey.pem", "chain.pem", "fullchain.pem"};

struct names {
    char (*name)[CG_NAME_MAX + 1];
    size_t count;
};

/* The generations of one name, oldest first, and what protects them. */
struct group {
    struct cg_prune *prune;
    const struct cg_inventory_row *row;
    size_t count;
    const struct cg_inventory_row *live; /* NULL: none */
    unsigned earlier;                    /* for a rollback; 0: none */
    int64_t before;                      /* ended or superseded by then */
};

static const struct cg_ca *ca_of(const struct group *group)
{
    return group->prune->inventory.ca;
}

/* ---- names whose generations may be unproven: only these have lines about rotations in the journal */

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool add_name(struct names *names, const char *name, struct cg_error *err)
{
    char(*more)[CG_NAME_MAX + 1] = cg_array_grow(names->name, names->count, sizeof *more);
    if (!more)
        return cg_fail_memory(err);
    names->name = more;
    snprintf(more[names->count++], sizeof *more, "%s", name);
    return true;
}

static bool read_rotated(const struct cg_ca *ca, const char *word, struct names *names, struct cg_error *err)
{
    struct cg_journal journal;
    struct cg_journal_row row;
    bool ok = cg_journal_load(&journal, ca, 0, err);
    while (ok && cg_journal_next(&journal, word, &row)) {
        ok = !row.name || add_name(names, row.name, err);
        cg_journal_row_clear(&row);
    }
    cg_journal_free(&journal);
    return ok;
}

static bool has_rotated(const struct names *names, const char *name)
{
    return names->count && bsearch(name, names->name, names->count, sizeof *names->name, by_text);
}

/* ---- one generation */

/* CG_TIME_NONE: it has not ended, or that time is unknown. */
static int64_t ended_at(const struct group *group, const struct cg_inventory_row *row)
{
    const struct cg_inventory *inventory = &group->prune->inventory;
    if (row->holding == CG_HOLDING_REVOKED)
        return row->index.revoked;
    if (row->holding == CG_HOLDING_EXPIRED)
        return row->index.expires;
    if (row->generation > group->live->generation || row->generation == group->earlier)
        return CG_TIME_NONE;
    const int64_t own = cg_inventory_start(inventory, row), next = cg_inventory_start(inventory, group->live);
    return own == CG_TIME_NONE || next == CG_TIME_NONE ? CG_TIME_NONE : own > next ? own : next;
}

static bool keep(struct group *group, const struct cg_inventory_row *row, bool is_fault, const struct cg_error *why,
                 struct cg_error *err)
{
    struct cg_prune *prune = group->prune;
    struct cg_prune_kept *kept = cg_array_grow(prune->kept, prune->nkept, sizeof *kept);
    if (!kept)
        return cg_fail_memory(err);
    prune->kept = kept;
    kept += prune->nkept++;
    *kept = (struct cg_prune_kept){.generation = row->generation, .is_fault = is_fault, .why = *why};
    memcpy(kept->name, row->name, sizeof kept->name);
    return true;
}

/* The certificate of the generation, if it is the one in the index. */
static X509 *load_indexed(const struct group *group, const struct cg_inventory_row *row, struct cg_error *why)
{
    X509 *cert = cg_ca_generation_cert(ca_of(group), row->name, row->generation, why);
    char *serial = cert ? cg_index_serial(X509_get0_serialNumber(cert)) : NULL;
    if (cert && (!serial || strcmp(serial, row->index.serial) != 0)) {
        cg_error_set(why, "archive/%s/%04u/cert.pem is not the certificate that index.txt has", row->name,
                     row->generation);
        X509_free(cert);
        cert = NULL;
    }
    OPENSSL_free(serial);
    return cert;
}

/* False with the reason, and *is_fault if something cannot be read. */
static bool is_deployed_nowhere(const struct group *group, const struct cg_inventory_row *row, X509 *cert,
                                bool *is_fault, struct cg_error *why)
{
    struct cg_targets targets;
    bool ok = cg_targets_load(ca_of(group), row->name, &targets, why);
    *is_fault = !ok;
    for (size_t i = 0; ok && i < targets.count; i++) {
        X509 *there = cg_target_cert(&targets.item[i], why);
        *is_fault = !there;
        ok = there && X509_cmp(there, cert) != 0;
        if (there && !ok)
            cg_error_set(why, "it is deployed in %s. Deploy the live one: certguard -C %s deploy %s",
                         targets.item[i].to, ca_of(group)->word, row->name);
        X509_free(there);
    }
    cg_targets_clear(&targets);
    return ok;
}

static bool is_removable(const struct group *group, const struct cg_inventory_row *row, bool *is_fault,
                         struct cg_error *why)
{
    *is_fault = false;
    if (cg_rotation_state(ca_of(group), row->name) != CG_ROTATION_NONE)
        return cg_fail_text(why,
                            "a rotation of the name is not finished. Try again later, or: certguard -C %s renew %s",
                            ca_of(group)->word, row->name);
    X509 *cert = load_indexed(group, row, why);
    *is_fault = !cert;
    const bool ok = cert && is_deployed_nowhere(group, row, cert, is_fault, why);
    X509_free(cert);
    return ok;
}

static bool has_files(const struct cg_ca *ca, const struct cg_inventory_row *row)
{
    char file[CG_NAME_MAX + 48];
    bool found = false;
    for (size_t i = 0; !found && i < CG_COUNT(files); i++) {
        snprintf(file, sizeof file, "archive/%s/%04u/%s", row->name, row->generation, files[i]);
        found = cg_ca_has(ca, file);
    }
    return found;
}

static bool consider(struct group *group, const struct cg_inventory_row *row, struct cg_error *err)
{
    struct cg_prune *prune = group->prune;
    struct cg_error why = {""};
    bool is_fault = false;
    if (row->is_live)
        return true;
    const int64_t since = ended_at(group, row);
    if (since == CG_TIME_NONE || since > group->before || !has_files(ca_of(group), row))
        return true;
    if (!is_removable(group, row, &is_fault, &why))
        return keep(group, row, is_fault, &why, err);
    struct cg_prune_item *items = cg_array_grow(prune->item, prune->count, sizeof *items);
    if (!items)
        return cg_fail_memory(err);
    prune->item = items;
    items[prune->count++] = (struct cg_prune_item){*row, since};
    return true;
}

/* ---- one name */

/* The one that `deploy --rollback` would choose. The journal decides only for names that were rotated. */
static unsigned find_earlier(const struct group *group, const struct names *rotated)
{
    struct cg_error passed = {""}, why = {""};
    unsigned earlier = 0;
    for (size_t i = 0; i < group->count && group->row[i].generation < group->live->generation; i++)
        if (group->row[i].holding == CG_HOLDING_SUPERSEDED &&
            !cg_generation_is_pruned(ca_of(group), group->row[i].name, group->row[i].generation))
            earlier = group->row[i].generation;
    if (earlier && has_rotated(rotated, group->row->name) &&
        !cg_generation_choose_earlier(ca_of(group), group->row->name, &earlier, &passed, &why))
        earlier = 0;
    return earlier;
}

static bool consider_name(struct group *group, const struct names *rotated, struct cg_error *err)
{
    bool ok = true;
    group->live = NULL;
    for (size_t i = 0; i < group->count; i++)
        group->live = group->row[i].is_live ? &group->row[i] : group->live;
    if (!group->live) /* nothing says which one is in use */
        return true;
    group->earlier = find_earlier(group, rotated);
    for (size_t i = 0; ok && i < group->count; i++)
        ok = consider(group, &group->row[i], err);
    return ok;
}

/* ---- all of them */

static int by_generation(const void *a, const void *b)
{
    const struct cg_inventory_row *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x->generation > y->generation) - (x->generation < y->generation);
}

static bool collect(struct cg_inventory *inventory, const struct cg_prune_request *request,
                    struct cg_inventory_row **rows, size_t *count, struct cg_error *err)
{
    struct cg_inventory_row row;
    struct cg_error fault = {""};
    while (cg_inventory_next(inventory, &row, &fault)) {
        if (!request->is_wanted(request->context, row.name) || !row.generation)
            continue;
        struct cg_inventory_row *more = cg_array_grow(*rows, *count, sizeof *more);
        if (!more)
            return cg_fail_memory(err);
        *rows = more;
        more[(*count)++] = row;
    }
    if (*count)
        qsort(*rows, *count, sizeof **rows, by_generation);
    return !fault.text[0] || cg_fail_text(err, "%s", fault.text);
}

bool cg_prune_plan(struct cg_prune *prune, const struct cg_ca *ca, const struct cg_prune_request *request,
                   struct cg_error *err)
{
    struct cg_inventory_row *rows = NULL;
    struct names rotated = {0};
    size_t count = 0;
    *prune = (struct cg_prune){.inventory = {.ca = ca}};
    bool ok = cg_inventory_open(&prune->inventory, ca, err) &&
              collect(&prune->inventory, request, &rows, &count, err) &&
              read_rotated(ca, "\"rotating\"", &rotated, err) && read_rotated(ca, "\"switched\"", &rotated, err);
    if (rotated.count)
        qsort(rotated.name, rotated.count, sizeof *rotated.name, by_text);
    for (size_t i = 0, n; ok && !prune->is_more && i < count; i += n) {
        for (n = 1; i + n < count && strcmp(rows[i + n].name, rows[i].name) == 0;)
            n++;
        struct group group = {
            .prune = prune, .row = rows + i, .count = n, .before = ca->options.now - request->older_than};
        ok = consider_name(&group, &rotated, err);
        prune->is_more = ok && request->limit && prune->count >= request->limit;
    }
    free(rotated.name);
    free(rows);
    return ok;
}

static bool remove_files(struct cg_change *change, const struct cg_inventory_row *row, struct cg_error *err)
{
    char file[CG_NAME_MAX + 48];
    bool ok = true;
    for (size_t i = 0; ok && i < CG_COUNT(files); i++) {
        snprintf(file, sizeof file, "archive/%s/%04u/%s", row->name, row->generation, files[i]);
        ok = cg_change_remove(change, file, err);
    }
    return ok && cg_generation_note(change, "pruned", row->name, row->generation, err);
}

bool cg_prune_write(const struct cg_prune *prune, struct cg_error *err)
{
    struct cg_change change;
    if (!prune->count)
        return true;
    bool ok = cg_change_begin(&change, prune->inventory.ca, false, err); /* no file is staged */
    for (size_t i = 0; ok && i < prune->count; i++)
        ok = remove_files(&change, &prune->item[i].row, err);
    return cg_change_end(&change, ok, err);
}

void cg_prune_end(struct cg_prune *prune)
{
    cg_inventory_close(&prune->inventory);
    free(prune->item);
    free(prune->kept);
    *prune = (struct cg_prune){0};
}
