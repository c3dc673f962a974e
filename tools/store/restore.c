/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "restore.h"
#include "base/failure.h"
#include "base/parallel.h"
#include "core/cert/name.h"
#include "journal.h"
#include "revoked.h"
#include "serials.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((size_t)1024) /* names whose certificates are in memory at a time */

struct restore {
    const struct cg_ca *ca;
    struct cg_revocations lost;
    struct cg_serials known; /* rows of the new index */
    FILE *out;
    size_t count;
};

/* Revoked if the last CRL or the journal says so; a row that was revoked for a lesser reason keeps its date. */
static bool add_row(struct restore *r, struct cg_index_row row)
{
    const struct cg_revocation *lost = cg_revocations_find(&r->lost, row.serial);
    if (!lost || row.status != 'R')
        row.revoked = lost ? lost->when : CG_TIME_NONE;
    row.status = lost ? 'R' : 'V';
    row.reason = lost ? lost->reason : -1;
    if (lost && row.revoked == CG_TIME_NONE) /* date unknown: the CA's start */
        (void)cg_time_seconds(X509_get0_notBefore(r->ca->cert), &row.revoked);
    cg_index_print(r->out, &row);
    r->count++;
    return cg_serials_add(&r->known, row.serial);
}

/* Invalid lines are dropped: the other sources have their certificates. But a revocation with a readable serial number is
 * kept, dated from the CA's start if its date is unreadable; row->line is NULL then. */
static bool next_row(struct restore *r, struct cg_index *index, struct cg_index_row *row)
{
    if (cg_index_next(index, row, NULL))
        return true;
    size_t digits = row->serial ? strspn(row->serial, "0123456789ABCDEF") : 0;
    if (row->status != 'R' || !digits || digits > 40 || row->serial[digits])
        return false;
    row->line = NULL;
    row->reason = -1;
    return (row->expires != CG_TIME_NONE || cg_time_seconds(X509_get0_notAfter(r->ca->cert), &row->expires)) &&
           cg_time_seconds(X509_get0_notBefore(r->ca->cert), &row->revoked);
}

static void copy_row(FILE *out, const struct cg_index_row *row)
{
    if (row->line)
        fwrite(row->line, 1, row->len + 1, out);
    else
        cg_index_print(out, row);
}

static bool keep_rows(struct restore *r, struct cg_index *index)
{
    struct cg_index_row row;
    bool ok = true;
    index->at = index->number = 0;
    while (ok && index->at < index->len)
        if (next_row(r, index, &row)) {
            if (cg_revocations_find(&r->lost, row.serial)) {
                ok = add_row(r, row);
                continue;
            }
            copy_row(r->out, &row);
            r->count += !row.line;
            ok = cg_serials_add(&r->known, row.serial);
        }
    return ok;
}

static bool add_certificate(struct restore *r, const X509 *cert, const char *file)
{
    struct cg_index_row row = {.file = file};
    char *serial = cg_index_serial(X509_get0_serialNumber(cert));
    char *subject = X509_NAME_oneline(X509_get_subject_name(cert), NULL, 0);
    bool ok = serial && subject;
    row.serial = serial;
    row.subject = subject;
    if (ok && !cg_serials_has(&r->known, serial) && cg_time_seconds(X509_get0_notAfter(cert), &row.expires))
        ok = add_row(r, row);
    OPENSSL_free(serial);
    OPENSSL_free(subject);
    return ok;
}

/* ---- the archive: names in blocks, whose certificates are decoded by all processors */

struct name {
    char text[CG_NAME_MAX + 1];
    STACK_OF(X509) *certs; /* of its generations from 1 on; NULL for one that is skipped */
};

struct block {
    const struct cg_ca *ca;
    struct name *name;
    size_t count;
};

/* Unreadable files are skipped; the index has only certificates of the issuing CA. */
static void read_name(void *context, size_t i)
{
    const struct block *block = context;
    const X509_NAME *issuer = X509_get_subject_name(block->ca->cert);
    struct name *name = &block->name[i];
    bool ok = (name->certs = sk_X509_new_null());
    for (unsigned n = 1, last = cg_ca_generation(block->ca, name->text); ok && n <= last; n++) {
        X509 *cert = cg_ca_generation_cert(block->ca, name->text, n, NULL);
        if (cert && X509_NAME_cmp(X509_get_issuer_name(cert), issuer) != 0) {
            X509_free(cert);
            cert = NULL;
        }
        ok = sk_X509_push(name->certs, cert);
    }
    if (!ok) {
        sk_X509_pop_free(name->certs, X509_free);
        name->certs = NULL;
    }
}

static bool add_name(struct restore *r, struct name *name)
{
    char file[CG_NAME_MAX + 32];
    bool ok = name->certs;
    for (int i = 0; ok && i < sk_X509_num(name->certs); i++) {
        const X509 *cert = sk_X509_value(name->certs, i);
        snprintf(file, sizeof file, "archive/%s/%04d", name->text, i + 1);
        ok = !cert || add_certificate(r, cert, file);
    }
    sk_X509_pop_free(name->certs, X509_free);
    return ok;
}

static bool add_block(struct restore *r, struct block *block)
{
    bool ok = true;
    cg_parallel(block->count, 0, read_name, block);
    for (size_t i = 0; i < block->count; i++)
        ok = add_name(r, &block->name[i]) && ok;
    block->count = 0;
    return ok;
}

static bool add_archive(struct restore *r)
{
    char path[PATH_MAX];
    struct block block = {.ca = r->ca, .name = malloc(BLOCK * sizeof *block.name)};
    bool ok = block.name;
    DIR *folder = opendir(cg_ca_path(r->ca, path, "archive"));
    for (const struct dirent *e; ok && folder && (e = readdir(folder));) {
        if (!cg_ca_name_valid(e->d_name, NULL))
            continue;
        snprintf(block.name[block.count++].text, sizeof block.name->text, "%.*s", CG_NAME_MAX, e->d_name);
        ok = block.count < BLOCK || add_block(r, &block);
    }
    ok = ok && add_block(r, &block);
    if (folder)
        closedir(folder);
    free(block.name);
    return ok;
}

/* ---- the journal, and the last CRL */

/* The journal does not have the subject in the index's format, but the name, which is the common name. */
static bool add_journal_row(struct restore *r, const struct cg_journal_row *line)
{
    char subject[CG_NAME_MAX + 8];
    int64_t end = line->expires;
    const bool issued = strcmp(line->done, "issued") == 0 || strcmp(line->done, "imported") == 0;
    if (!issued || !line->serial || !line->name || cg_serials_has(&r->known, line->serial))
        return true;
    if (end == CG_TIME_NONE &&
        !cg_time_seconds(X509_get0_notAfter(r->ca->cert), &end)) /* unknown for some imported certificates */
        return false;
    snprintf(subject, sizeof subject, "/CN=%s", line->name);
    return add_row(r, (struct cg_index_row){.serial = line->serial,
                                            .file = line->file ? line->file : "unknown",
                                            .subject = subject,
                                            .expires = end});
}

static bool add_journal(struct restore *r, struct cg_error *err)
{
    struct cg_journal journal;
    struct cg_journal_row line;
    bool ok = cg_journal_load(&journal, r->ca, 0, err);
    while (ok && cg_journal_next(&journal, "\"issued\"", &line)) {
        ok = add_journal_row(r, &line);
        cg_journal_row_clear(&line);
    }
    cg_journal_free(&journal);
    return ok;
}

/* Their certificates are lost; without an expiry date they stay on the CRL as long as the CA. */
static bool add_revocations(struct restore *r)
{
    int64_t end = 0;
    bool ok = cg_time_seconds(X509_get0_notAfter(r->ca->cert), &end);
    for (size_t i = 0; ok && i < r->lost.count; i++) {
        const struct cg_revocation *lost = &r->lost.row[i];
        char subject[CG_NAME_MAX + 8];
        snprintf(subject, sizeof subject, "/CN=%s", lost->name[0] ? lost->name : "unknown");
        if (!cg_serials_has(&r->known, lost->serial))
            ok = add_row(r, (struct cg_index_row){.serial = lost->serial,
                                                  .file = "unknown",
                                                  .subject = subject,
                                                  .expires = lost->expires != CG_TIME_NONE ? lost->expires : end});
    }
    return ok;
}

/* Compares without the invalid lines, which would end the walk. */
static bool find_lost(struct restore *r, struct cg_index *index, struct cg_error *err)
{
    struct cg_index rows = {0};
    struct cg_index_row row;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    index->at = index->number = 0;
    while (out && index->at < index->len)
        if (next_row(r, index, &row))
            copy_row(out, &row);
    if (!out || fclose(out) != 0)
        return cg_fail_errno(err, "restore", "index.txt");
    X509_CRL *last = cg_crl_last(r->ca, "ca", r->ca->cert);
    bool ok = cg_index_of_text(&rows, text, len, err) && cg_revocations_lost(r->ca, &rows, last, 0, &r->lost, err);
    X509_CRL_free(last);
    cg_index_free(&rows);
    return ok;
}

bool cg_index_restore(const struct cg_ca *ca, struct cg_index *index, size_t *restored, struct cg_error *err)
{
    struct restore r = {.ca = ca};
    char *text = NULL;
    size_t len = 0;
    bool ok = find_lost(&r, index, err) &&
              ((r.out = open_memstream(&text, &len)) || cg_fail_errno(err, "restore", "index.txt"));
    ok = ok && ((keep_rows(&r, index) && add_archive(&r)) || cg_fail_memory(err)) && add_journal(&r, err) &&
         (add_revocations(&r) || cg_fail_memory(err));
    if (r.out && fclose(r.out) != 0)
        ok = cg_fail_errno(err, "restore", "index.txt");
    *restored = r.count;
    cg_revocations_free(&r.lost);
    cg_serials_free(&r.known);
    if (!ok) {
        free(text);
        return false;
    }
    cg_index_free(index);
    return cg_index_of_text(index, text, len, err);
}
