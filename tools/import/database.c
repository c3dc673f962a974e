/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "database.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "store/index.h"
#include "store/serials.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static size_t folder_of(const char *path)
{
    return (size_t)(base_of(path) - path);
}

/* True if the file is in the folder of the other one, or above it. */
static bool is_above(const char *file, const char *other)
{
    return strncmp(file, other, folder_of(file)) == 0;
}

/* The file of that name that is nearest above the other file; else the only one. */
static const char *nearest(const struct cg_import_scan *scan, const char *name, const char *file)
{
    const char *best = NULL, *last = NULL;
    size_t count = 0;
    for (size_t i = 0; i < scan->nfiles; i++) {
        const char *path = scan->files[i];
        if (strcmp(base_of(path), name) != 0)
            continue;
        count++;
        last = path;
        if (is_above(path, file) && (!best || folder_of(path) > folder_of(best)))
            best = path;
    }
    return best ? best : count == 1 ? last : NULL;
}

/* ---- whose database it is ---- */

struct candidate {
    const char *file;
    size_t ours, others; /* rows whose certificate was found, by issuer */
};

/* Serial number and expiry of the certificates that were found, as keys: many CAs count serial numbers, so several have the
 * same one, and the expiry must match too. */
struct known {
    struct cg_serials ours, others;
};

static const char *make_key(char key[96], const char *serial, int64_t expires)
{
    snprintf(key, 96, "%.60s:%" PRId64, serial, expires);
    return key;
}

static bool list_known(struct known *known, const struct cg_import_scan *scan, struct cg_error *err)
{
    char key[96];
    bool ok = true;
    for (size_t i = 0; ok && i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (o->kind != CG_LINT_CERTIFICATE)
            continue;
        char *serial = cg_index_serial(X509_get0_serialNumber(o->cert));
        ok = serial && cg_serials_add(cg_cert_is_issued_by(o->cert, scan->cert) ? &known->ours : &known->others,
                                      make_key(key, serial, o->not_after));
        OPENSSL_free(serial);
    }
    return ok || cg_fail_memory(err);
}

static void count_row(struct candidate *c, const struct known *known, const struct cg_index_row *row)
{
    char key[96];
    const bool ours = cg_serials_has(&known->ours, make_key(key, row->serial, row->expires));
    c->ours += ours;
    c->others += !ours && cg_serials_has(&known->others, key);
}

static bool read_candidate(struct candidate *c, const struct known *known, struct cg_error *err)
{
    struct cg_index index;
    struct cg_index_row row;
    bool ok = cg_index_load_file(&index, c->file, err);
    while (ok && cg_index_next(&index, &row, err))
        count_row(c, known, &row);
    ok = ok && !index.is_damaged;
    cg_index_free(&index);
    return ok;
}

/* ---- traces of a lost database ---- */

static const struct {
    const char *name, *fix;
} traces[] = {
    {"journal.jsonl", "It is a CA of certguard: rebuild the index in that folder (certguard -C FOLDER crl "
                      "--restore-index), then import it"},
    {"index.txt.attr", NULL},
    {"index.txt.old", NULL},
    {"index.attr", NULL},
    {"index.old", NULL},
    {"crlnumber", NULL},
};

static bool is_lost(const struct cg_import_scan *scan, struct cg_error *err)
{
    for (size_t t = 0; t < CG_COUNT(traces); t++)
        for (size_t i = 0; i < scan->nfiles; i++)
            if (strcmp(base_of(scan->files[i]), traces[t].name) == 0) {
                cg_error_set(
                    err,
                    "cannot import the CA: %s exists, but the CA's database index.txt is missing, and without it "
                    "revoked certificates would be accepted again. %s",
                    scan->files[i],
                    traces[t].fix
                        ? traces[t].fix
                        : "Restore it from a backup. index.txt.old lacks the last change: revoke that certificate "
                          "again after the import. If none was ever revoked, create an empty index.txt beside it");
                return true;
            }
    return false;
}

static const char *step_database(const struct cg_import_scan *scan)
{
    for (size_t i = 0; i < scan->nfiles; i++) {
        const char *dot = strrchr(base_of(scan->files[i]), '.');
        if (dot && strcmp(dot, ".vlog") == 0)
            return scan->files[i];
    }
    return NULL;
}

/* ---- choosing ---- */

static bool use(struct cg_import_scan *scan, const char *file, struct cg_error *err)
{
    const char **grown = cg_array_grow(scan->index, scan->nindex, sizeof *grown);
    if (!grown)
        return cg_fail_memory(err);
    scan->index = grown;
    grown[scan->nindex++] = file;
    return true;
}

/* Every database with a certificate of this CA: revoked in one of them is revoked. */
static bool use_matching(struct cg_import_scan *scan, const struct candidate *list, size_t count, struct cg_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        if (list[i].ours && list[i].ours >= list[i].others)
            ok = use(scan, list[i].file, err);
    return ok;
}

/* Without such a certificate, the place decides: nearest above the CA's certificate, else the only one. */
static bool use_by_place(struct cg_import_scan *scan, const struct candidate *list, size_t count, struct cg_error *err)
{
    const struct candidate *best = NULL, *other = NULL;
    bool is_sure = false;
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &list[i];
        const bool above = is_above(c->file, scan->cert_file);
        if (c->others)
            continue;
        if (!best || (above && (!is_sure || folder_of(c->file) > folder_of(best->file))))
            best = c;
        else
            other = c;
        is_sure = is_sure || above;
    }
    if (!best || is_sure || !other)
        return !best || use(scan, best->file, err);
    return cg_fail_text(
        err, "cannot choose between %s and %s: either can be the database of this CA. Move the wrong one away",
        best->file, other->file);
}

static bool list_candidates(const struct cg_import_scan *scan, const struct known *known, struct candidate *list,
                            size_t *count, struct cg_error *err)
{
    for (size_t i = 0; i < scan->nfiles; i++) {
        struct candidate c = {.file = scan->files[i]};
        const bool is_named = strcmp(base_of(c.file), "index.txt") == 0;
        /* other files are named "index" too */
        if (is_named ? !read_candidate(&c, known, err)
                     : strcmp(base_of(c.file), "index") != 0 || !read_candidate(&c, known, NULL)) {
            if (is_named)
                return false;
            continue;
        }
        list[(*count)++] = c;
    }
    return true;
}

bool cg_import_choose_database(struct cg_import_scan *scan, struct cg_error *err)
{
    struct known known = {.ours = {0}};
    size_t count = 0;
    struct candidate *list = calloc(scan->nfiles + 1, sizeof *list);
    if (!list)
        return cg_fail_memory(err);
    bool ok = list_known(&known, scan, err) && list_candidates(scan, &known, list, &count, err) &&
              use_matching(scan, list, count, err) && (scan->nindex || use_by_place(scan, list, count, err)) &&
              (scan->nindex || !is_lost(scan, err));
    if (ok) {
        scan->number = nearest(scan, "crlnumber", scan->nindex ? scan->index[0] : scan->cert_file);
        scan->step = step_database(scan);
    }
    cg_serials_free(&known.ours);
    cg_serials_free(&known.others);
    free(list);
    return ok;
}
