/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "database.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "store/index.h"

#include <openssl/err.h>

#include <stdlib.h>
#include <string.h>

#define INDEX_LIMIT ((size_t)1 << 30)

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

/* Does the file lie beside the other one, or in a folder above it? */
static bool is_above(const char *file, const char *other)
{
    return strncmp(file, other, folder_of(file)) == 0;
}

/* The one of that name that lies nearest above the file; else the only one there is. */
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

/* ---- whose is it? ---- */

struct candidate {
    const char *file;
    size_t rows, ours, others; /* rows whose certificate was found, by who issued it */
};

struct known {
    char *serial;
    int64_t expires;
    bool ours;
};

struct known_list {
    struct known *item;
    size_t count;
};

/* The root's own certificate may stand in its database too. */
static bool is_ours(const struct cg_import_scan *scan, X509 *cert)
{
    return X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(scan->cert)) == 0 &&
           X509_verify(cert, X509_get0_pubkey(scan->cert)) == 1;
}

static int by_serial(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->serial, ((const struct known *)b)->serial);
}

static void forget(struct known_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        OPENSSL_free(list->item[i].serial);
    free(list->item);
}

static bool list_known(struct known_list *list, const struct cg_import_scan *scan, struct cg_error *err)
{
    list->item = calloc(scan->objects.count + 1, sizeof *list->item);
    for (size_t i = 0; list->item && i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (o->kind != CG_LINT_CERTIFICATE)
            continue;
        struct known *known = &list->item[list->count];
        *known = (struct known){cg_index_serial(X509_get0_serialNumber(o->cert)), o->not_after, is_ours(scan, o->cert)};
        if (!known->serial)
            return cg_fail_openssl(err, o->file);
        list->count++;
    }
    if (!list->item)
        return cg_fail_errno(err, "list", "the certificates");
    qsort(list->item, list->count, sizeof *list->item, by_serial);
    ERR_clear_error();
    return true;
}

/* Serial numbers are counted in many CAs, so that two have the same: the end of validity must be the same too. */
static void count_row(struct candidate *c, const struct known_list *list, const struct cg_index_row *row)
{
    BIGNUM *number = NULL;
    struct known wanted = {BN_hex2bn(&number, row->serial) ? BN_bn2hex(number) : NULL, 0, false};
    bool ours = false, others = false;
    const struct known *at = wanted.serial && list->count
                                 ? bsearch(&wanted, list->item, list->count, sizeof *list->item, by_serial)
                                 : NULL;
    while (at && at > list->item && strcmp(at[-1].serial, wanted.serial) == 0)
        at--;
    for (; at && at < list->item + list->count && strcmp(at->serial, wanted.serial) == 0; at++)
        if (at->expires == row->expires) {
            ours = ours || at->ours;
            others = others || !at->ours;
        }
    c->rows++;
    c->ours += ours;
    c->others += others && !ours;
    BN_free(number);
    OPENSSL_free(wanted.serial);
}

static bool read_candidate(struct candidate *c, const struct known_list *list, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    struct cg_index index = {0};
    struct cg_index_row row;
    struct cg_error fault = {""};
    if (!cg_file_read(c->file, CG_FILE_PUBLIC, INDEX_LIMIT, &bytes, err))
        return false;
    if (bytes.len && bytes.data[bytes.len - 1] != '\n')
        bytes.data[bytes.len++] = '\n'; /* the NUL was there */
    bool ok = cg_index_of_text(&index, (char *)bytes.data, bytes.len, err);
    while (ok && cg_index_next(&index, &row, &fault))
        count_row(c, list, &row);
    cg_index_free(&index);
    if (fault.text[0])
        cg_error_set(err, "%s: %s", c->file, fault.text);
    return ok && !fault.text[0];
}

/* ---- what is left of a lost one ---- */

static const struct {
    const char *name, *fix;
} traces[] = {
    {"journal.jsonl", "it is of certguard: make the index again in that folder (certguard -C FOLDER crl "
                      "--restore-index), then import it"},
    {"index.txt.attr", NULL},
    {"index.txt.old", NULL},
    {"index.attr", NULL},
    {"index.old", NULL},
    {"crlnumber", NULL},
};

static bool is_lost(const struct cg_import_scan *scan, struct cg_error *err)
{
    for (size_t t = 0; t < sizeof traces / sizeof traces[0]; t++)
        for (size_t i = 0; i < scan->nfiles; i++)
            if (strcmp(base_of(scan->files[i]), traces[t].name) == 0) {
                cg_error_set(err,
                             "%s is there, but no database of this CA (index.txt), and without it everyone whom the CA "
                             "revoked would be let in again: %s",
                             scan->files[i],
                             traces[t].fix
                                 ? traces[t].fix
                                 : "put it back from a backup. index.txt.old lacks the last change: after the "
                                   "import revoke that certificate again. Where none was ever revoked, make "
                                   "an empty index.txt beside it");
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

static bool take(struct cg_import_scan *scan, const char *file, struct cg_error *err)
{
    const char **grown = realloc(scan->index, (scan->nindex + 1) * sizeof *grown);
    if (!grown)
        return cg_fail_errno(err, "read", file);
    scan->index = grown;
    grown[scan->nindex++] = file;
    return true;
}

/* Every one in which a certificate of this CA stands: revoked in one of them is revoked. */
static bool take_proven(struct cg_import_scan *scan, const struct candidate *list, size_t count, struct cg_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        if (list[i].ours && list[i].ours >= list[i].others)
            ok = take(scan, list[i].file, err);
    return ok;
}

/* Where no certificate says whose they are, the place does: nearest above the CA's certificate, else the only one. */
static bool take_by_place(struct cg_import_scan *scan, const struct candidate *list, size_t count, struct cg_error *err)
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
        return !best || take(scan, best->file, err);
    cg_error_set(err, "%s and %s may both be the database of this CA; move the one away that is not", best->file,
                 other->file);
    return false;
}

static bool list_candidates(const struct cg_import_scan *scan, const struct known_list *known, struct candidate *list,
                            size_t *count, struct cg_error *err)
{
    for (size_t i = 0; i < scan->nfiles; i++) {
        struct candidate c = {.file = scan->files[i]};
        const bool is_named = strcmp(base_of(c.file), "index.txt") == 0;
        /* many a file is called "index" */
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
    struct known_list known = {0};
    size_t count = 0;
    struct candidate *list = calloc(scan->nfiles + 1, sizeof *list);
    if (!list)
        return cg_fail_errno(err, "list", "the databases");
    bool ok = list_known(&known, scan, err) && list_candidates(scan, &known, list, &count, err) &&
              take_proven(scan, list, count, err) && (scan->nindex || take_by_place(scan, list, count, err)) &&
              (scan->nindex || !is_lost(scan, err));
    if (ok) {
        scan->number = nearest(scan, "crlnumber", scan->nindex ? scan->index[0] : scan->cert_file);
        scan->step = step_database(scan);
    }
    forget(&known);
    free(list);
    return ok;
}
