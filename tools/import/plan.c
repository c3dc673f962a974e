/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plan.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "store/revoked.h"

#include <openssl/err.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cg_import_row *add_row(struct cg_import_plan *plan, struct cg_error *err)
{
    struct cg_import_row *row = cg_array_grow(plan->row, plan->count, sizeof *row);
    if (!row) {
        cg_fail_memory(err);
        return NULL;
    }
    plan->row = row;
    row += plan->count;
    *row = (struct cg_import_row){.status = 'V', .reason = -1, .order = plan->count++};
    return row;
}

/* ---- rows of each source ---- */

static bool add_index_row(struct cg_import_plan *plan, const struct cg_index_row *old, struct cg_error *err)
{
    BIGNUM *number = NULL;
    struct cg_import_row *row = add_row(plan, err);
    if (!row)
        return false;
    row->status = old->status == 'R' ? 'R' : 'V';
    row->expires = old->expires;
    row->revoked = old->revoked;
    row->reason = old->reason;
    /* may have leading zeros and either case */
    row->serial = BN_hex2bn(&number, old->serial) ? BN_bn2hex(number) : NULL;
    row->subject = strdup(old->subject);
    BN_free(number);
    return (row->serial && row->subject) || cg_fail_openssl(err, "read the serial number", old->serial);
}

static bool add_index(struct cg_import_plan *plan, const char *path, struct cg_error *err)
{
    struct cg_index index;
    struct cg_index_row row;
    bool ok = cg_index_load_file(&index, path, err);
    while (ok && cg_index_next(&index, &row, err))
        ok = add_index_row(plan, &row, err);
    ok = ok && !index.is_damaged;
    cg_index_free(&index);
    return ok;
}

static bool add_certificate(struct cg_import_plan *plan, const struct cg_lint_object *o, struct cg_error *err)
{
    struct cg_import_row *row = add_row(plan, err);
    if (!row)
        return false;
    row->cert = o->cert;
    row->file = o->file;
    row->expires = o->not_after;
    row->serial = cg_index_serial(X509_get0_serialNumber(o->cert));
    char *subject = X509_NAME_oneline(X509_get_subject_name(o->cert), NULL, 0);
    row->subject = subject ? strdup(subject) : NULL;
    OPENSSL_free(subject);
    return (row->serial && row->subject) || cg_fail_openssl(err, "read", o->file);
}

static bool add_crl_entry(struct cg_import_plan *plan, const struct cg_import_scan *scan, const X509_REVOKED *entry,
                          const char *file, struct cg_error *err)
{
    struct cg_import_row *row = add_row(plan, err);
    if (!row)
        return false;
    row->status = 'R';
    row->subject = strdup("/CN=unknown");
    /* without the certificate, it stays on the CRL as long as the CA */
    return (cg_crl_entry_read(entry, &row->serial, &row->revoked, &row->reason) && row->subject &&
            cg_time_seconds(X509_get0_notAfter(scan->cert), &row->expires)) ||
           cg_fail_openssl(err, "read an entry of", file);
}

static bool raise_number(struct cg_import_plan *plan, const BIGNUM *last)
{
    return BN_cmp(last, plan->number) < 0 || (BN_copy(plan->number, last) && BN_add_word(plan->number, 1));
}

static bool add_crl(struct cg_import_plan *plan, const struct cg_import_scan *scan, const struct cg_lint_object *o,
                    struct cg_error *err)
{
    BIGNUM *number = cg_crl_number(o->crl);
    bool ok = !number || raise_number(plan, number);
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(o->crl);
    for (int i = 0; ok && i < sk_X509_REVOKED_num(entries); i++)
        ok = add_crl_entry(plan, scan, sk_X509_REVOKED_value(entries, i), o->file, err);
    BN_free(number);
    return ok;
}

/* crlnumber contains the number of the next CRL. */
static bool add_number_file(struct cg_import_plan *plan, const char *path, struct cg_error *err)
{
    BIGNUM *next = path ? cg_crl_number_load(path, err) : NULL;
    bool ok = !path || next;
    if (next && BN_num_bits(next) > CG_CRL_NUMBER_BITS) {
        cg_error_set(err,
                     "%s: a CRL number has at most 20 bytes (RFC 5280 5.2.3). Write the number of the next CRL to it",
                     path);
        ok = false;
    } else if (next && BN_cmp(next, plan->number) > 0)
        ok = BN_copy(plan->number, next) || cg_fail_memory(err);
    BN_free(next);
    return ok;
}

/* ---- merging ---- */

static int by_serial(const void *a, const void *b)
{
    const struct cg_import_row *x = a, *y = b;
    int order = strcmp(x->serial, y->serial);
    return order ? order : x->order < y->order ? -1 : 1;
}

static int by_order(const void *a, const void *b)
{
    const struct cg_import_row *x = a, *y = b;
    return x->order < y->order ? -1 : 1;
}

static void clear_row(struct cg_import_row *row)
{
    OPENSSL_free(row->serial);
    free(row->subject);
}

/* The index comes first and has precedence; a certificate is added to it, and revoked in any source is revoked. */
static void merge(struct cg_import_plan *plan, struct cg_import_row *into, struct cg_import_row *from)
{
    if (from->status == 'R' && into->status != 'R') {
        into->status = 'R';
        into->revoked = from->revoked;
        into->reason = from->reason;
    }
    if (from->cert && !into->cert) {
        char *subject = into->subject;
        into->cert = from->cert;
        into->file = from->file;
        into->expires = from->expires;
        into->subject = from->subject; /* a CRL has none */
        from->subject = subject;
    } else if (from->cert && X509_cmp(from->cert, into->cert) != 0) {
        plan->reused++;
    }
    clear_row(from);
}

static void merge_all(struct cg_import_plan *plan)
{
    size_t kept = 0;
    if (plan->count)
        qsort(plan->row, plan->count, sizeof *plan->row, by_serial);
    for (size_t i = 0; i < plan->count; i++) {
        if (kept && strcmp(plan->row[kept - 1].serial, plan->row[i].serial) == 0)
            merge(plan, &plan->row[kept - 1], &plan->row[i]);
        else
            plan->row[kept++] = plan->row[i];
    }
    plan->count = kept;
}

/* ---- names ---- */

/* The common name, else the file's; characters that a name cannot have become "_". */
static void name_row(struct cg_import_row *row)
{
    char text[CG_NAME_MAX * 4];
    const char *slash = strrchr(row->file, '/');
    snprintf(text, sizeof text, "%s", slash ? slash + 1 : row->file);
    if (strrchr(text, '.') > text)
        *strrchr(text, '.') = '\0';
    cg_common_name(X509_get_subject_name(row->cert), text, sizeof text);
    snprintf(row->name, sizeof row->name, "%.*s", CG_NAME_MAX, text);
    for (char *c = row->name; *c; c++)
        if (!strchr(CG_NAME_CHARACTERS, *c) || (c == row->name && (*c == '.' || *c == '-')))
            *c = '_';
}

static int by_name(const void *a, const void *b)
{
    const struct cg_import_row *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order == 0)
        order = ASN1_TIME_compare(X509_get0_notBefore(x->cert), X509_get0_notBefore(y->cert));
    return order ? order : by_order(a, b);
}

static int named_first(const void *a, const void *b)
{
    const struct cg_import_row *x = a, *y = b;
    if (!x->name[0] || !y->name[0])
        return (x->name[0] == '\0') - (y->name[0] == '\0');
    return by_name(a, b);
}

/* Certificates of one name are its generations; the one with the latest notBefore is live. */
static void place_all(struct cg_import_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->row[i].cert && X509_check_ca(plan->row[i].cert) != 1)
            name_row(&plan->row[i]);
    if (plan->count)
        qsort(plan->row, plan->count, sizeof *plan->row, named_first);
    for (size_t i = 0; i < plan->count && plan->row[i].name[0]; i++) {
        struct cg_import_row *row = &plan->row[i], *next = i + 1 < plan->count ? row + 1 : NULL;
        bool same = i && strcmp(row[-1].name, row->name) == 0;
        row->generation = same ? row[-1].generation + 1 : 1;
        row->newest = !next || strcmp(next->name, row->name) != 0;
    }
    if (plan->count)
        qsort(plan->row, plan->count, sizeof *plan->row, by_order);
}

bool cg_import_plan_make(struct cg_import_plan *plan, const struct cg_import_scan *scan, struct cg_error *err)
{
    *plan = (struct cg_import_plan){.number = BN_new()};
    bool ok = (plan->number && BN_one(plan->number)) || cg_fail_memory(err);
    for (size_t i = 0; ok && i < scan->nindex; i++)
        ok = add_index(plan, scan->index[i], err);
    ok = ok && add_number_file(plan, scan->number, err);
    for (size_t i = 0; ok && i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (o->kind == CG_LINT_CERTIFICATE && cg_import_scan_issued(scan, o->cert))
            ok = add_certificate(plan, o, err);
        else if (o->kind == CG_LINT_CRL && X509_CRL_verify(o->crl, X509_get0_pubkey(scan->cert)) == 1)
            ok = add_crl(plan, scan, o, err);
    }
    ERR_clear_error();
    if (!ok)
        return false;
    merge_all(plan);
    place_all(plan);
    return true;
}

bool cg_import_plan_bans(struct cg_key_bans *bans, const struct cg_import_plan *plan, struct cg_error *err)
{
    bool ok = true;
    *bans = (struct cg_key_bans){0};
    for (size_t i = 0; ok && i < plan->count; i++) {
        const struct cg_import_row *row = &plan->row[i];
        if (row->status == 'R' && row->cert && cg_reason_is_compromise(row->reason))
            ok = cg_key_bans_add(bans, row->cert, row->serial, err);
    }
    cg_key_bans_close(bans);
    return ok;
}

void cg_import_plan_free(struct cg_import_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        clear_row(&plan->row[i]);
    free(plan->row);
    BN_free(plan->number);
    *plan = (struct cg_import_plan){0};
}
