/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "adopt.h"
#include "base/fault.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "store/index.h"

#include <openssl/err.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_LIMIT ((size_t)1 << 30)

static struct cg_adopted_row *add_row(struct cg_adopted *adopted, struct cg_error *err)
{
    struct cg_adopted_row *row = NULL;
    /* a power of two is full: make room for as many again */
    if ((adopted->count & (adopted->count - 1)) == 0) {
        row = realloc(adopted->row, (adopted->count ? 2 * adopted->count : 1) * sizeof *row);
        if (!row) {
            cg_fault_errno(err, "make", "the index");
            return NULL;
        }
        adopted->row = row;
    }
    row = &adopted->row[adopted->count];
    *row = (struct cg_adopted_row){.status = 'V', .reason = -1, .order = adopted->count++};
    return row;
}

/* ---- what each source says ---- */

static bool of_index_row(struct cg_adopted *adopted, const struct cg_index_row *old, struct cg_error *err)
{
    BIGNUM *number = NULL;
    struct cg_adopted_row *row = add_row(adopted, err);
    if (!row)
        return false;
    row->status = old->status == 'R' ? 'R' : 'V';
    row->expires = old->expires;
    row->revoked = old->revoked;
    row->reason = old->reason;
    /* written with or without leading zeros, in either case */
    row->serial = BN_hex2bn(&number, old->serial) ? BN_bn2hex(number) : NULL;
    row->subject = strdup(old->subject);
    BN_free(number);
    return (row->serial && row->subject) || cg_fault_openssl(err, "a serial number of index.txt");
}

static bool of_index(struct cg_adopted *adopted, const char *path, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    struct cg_index index = {0};
    struct cg_index_row row;
    struct cg_error fault = {""};
    if (!cg_file_read(path, CG_FILE_PUBLIC, INDEX_LIMIT, &bytes, err))
        return false;
    if (bytes.len && bytes.data[bytes.len - 1] != '\n')
        bytes.data[bytes.len++] = '\n'; /* the NUL was there */
    bool good = cg_index_of_text(&index, (char *)bytes.data, bytes.len, err);
    while (good && cg_index_next(&index, &row, &fault))
        good = of_index_row(adopted, &row, err);
    cg_index_free(&index);
    if (fault.text[0])
        cg_error_set(err, "%s: %s", path, fault.text);
    return good && !fault.text[0];
}

static bool of_certificate(struct cg_adopted *adopted, const struct cg_lint_object *o, struct cg_error *err)
{
    struct cg_adopted_row *row = add_row(adopted, err);
    if (!row)
        return false;
    row->cert = o->cert;
    row->file = o->file;
    row->expires = o->not_after;
    row->serial = cg_index_serial(X509_get0_serialNumber(o->cert));
    char *subject = X509_NAME_oneline(X509_get_subject_name(o->cert), NULL, 0);
    row->subject = subject ? strdup(subject) : NULL;
    OPENSSL_free(subject);
    return (row->serial && row->subject) || cg_fault_openssl(err, o->file);
}

static bool of_crl_entry(struct cg_adopted *adopted, const struct cg_found *found, const X509_REVOKED *entry,
                         struct cg_error *err)
{
    struct cg_adopted_row *row = add_row(adopted, err);
    if (!row)
        return false;
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    row->status = 'R';
    row->reason = reason ? (int)ASN1_ENUMERATED_get(reason) : -1;
    row->serial = cg_index_serial(X509_REVOKED_get0_serialNumber(entry));
    row->subject = strdup("/CN=unknown");
    ASN1_ENUMERATED_free(reason);
    /* its certificate's end is not known, so it stays on the CRL as long as the CA */
    return cg_time_seconds(X509_REVOKED_get0_revocationDate(entry), &row->revoked) &&
           cg_time_seconds(X509_get0_notAfter(found->cert), &row->expires) && row->serial && row->subject;
}

static bool raise_number(struct cg_adopted *adopted, const BIGNUM *last)
{
    return BN_cmp(last, adopted->number) < 0 || (BN_copy(adopted->number, last) && BN_add_word(adopted->number, 1));
}

static bool of_crl(struct cg_adopted *adopted, const struct cg_found *found, const struct cg_lint_object *o,
                   struct cg_error *err)
{
    ASN1_INTEGER *value = X509_CRL_get_ext_d2i(o->crl, NID_crl_number, NULL, NULL);
    BIGNUM *number = value ? ASN1_INTEGER_to_BN(value, NULL) : NULL;
    bool good = !number || raise_number(adopted, number);
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(o->crl);
    for (int i = 0; good && i < sk_X509_REVOKED_num(entries); i++)
        good = of_crl_entry(adopted, found, sk_X509_REVOKED_value(entries, i), err);
    BN_free(number);
    ASN1_INTEGER_free(value);
    if (!good && !err->text[0])
        cg_error_set(err, "%s: an entry cannot be read", o->file);
    return good;
}

/* crlnumber holds the number of the next CRL. */
static bool of_number_file(struct cg_adopted *adopted, const char *path, struct cg_error *err)
{
    struct cg_bytes bytes;
    BIGNUM *next = NULL;
    if (!path)
        return true;
    if (!cg_file_read(path, CG_FILE_PUBLIC, 4096, &bytes, err))
        return false;
    char *text = (char *)bytes.data;
    text[strcspn(text, " \r\n")] = '\0';
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    bool good = digits && !text[digits] && digits <= 40 && BN_hex2bn(&next, text);
    if (!good)
        cg_error_set(err, "%s: expected one hexadecimal number, found \"%.50s\"", path, text);
    else if (BN_cmp(next, adopted->number) > 0)
        good = BN_copy(adopted->number, next);
    BN_free(next);
    cg_bytes_free(&bytes);
    return good;
}

/* ---- merging ---- */

static int by_serial(const void *a, const void *b)
{
    const struct cg_adopted_row *x = a, *y = b;
    int order = strcmp(x->serial, y->serial);
    return order ? order : x->order < y->order ? -1 : 1;
}

static int by_order(const void *a, const void *b)
{
    const struct cg_adopted_row *x = a, *y = b;
    return x->order < y->order ? -1 : 1;
}

static void clear_row(struct cg_adopted_row *row)
{
    OPENSSL_free(row->serial);
    free(row->subject);
}

/* The index was read first, so its words stand; a certificate adds itself, and revoked by one source is revoked. */
static void merge(struct cg_adopted *adopted, struct cg_adopted_row *into, struct cg_adopted_row *from)
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
        into->subject = from->subject; /* a CRL knows none */
        from->subject = subject;
    } else if (from->cert && X509_cmp(from->cert, into->cert) != 0) {
        adopted->reused++;
    }
    clear_row(from);
}

static void merge_all(struct cg_adopted *adopted)
{
    size_t kept = 0;
    if (adopted->count)
        qsort(adopted->row, adopted->count, sizeof *adopted->row, by_serial);
    for (size_t i = 0; i < adopted->count; i++) {
        if (kept && strcmp(adopted->row[kept - 1].serial, adopted->row[i].serial) == 0)
            merge(adopted, &adopted->row[kept - 1], &adopted->row[i]);
        else
            adopted->row[kept++] = adopted->row[i];
    }
    adopted->count = kept;
}

/* ---- names ---- */

/* The common name, else the file's; what cannot be a folder becomes "_". */
static void name_row(struct cg_adopted_row *row)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@:+";
    char text[CG_NAME_MAX * 4];
    const char *slash = strrchr(row->file, '/');
    snprintf(text, sizeof text, "%s", slash ? slash + 1 : row->file);
    if (strrchr(text, '.') > text)
        *strrchr(text, '.') = '\0';
    cg_common_name(X509_get_subject_name(row->cert), text, sizeof text);
    snprintf(row->name, sizeof row->name, "%.*s", CG_NAME_MAX, text);
    for (char *c = row->name; *c; c++)
        if (!strchr(allowed, *c) || (c == row->name && (*c == '.' || *c == '-')))
            *c = '_';
}

static int by_name(const void *a, const void *b)
{
    const struct cg_adopted_row *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order
           : ASN1_TIME_compare(X509_get0_notBefore(x->cert), X509_get0_notBefore(y->cert)) != 0
               ? ASN1_TIME_compare(X509_get0_notBefore(x->cert), X509_get0_notBefore(y->cert))
           : x->order < y->order ? -1
                                 : 1;
}

static int named_first(const void *a, const void *b)
{
    const struct cg_adopted_row *x = a, *y = b;
    if (!x->name[0] || !y->name[0])
        return (x->name[0] == '\0') - (y->name[0] == '\0');
    return by_name(a, b);
}

/* Certificates of one name are its generations, the latest begun is the live one. */
static void place_all(struct cg_adopted *adopted)
{
    for (size_t i = 0; i < adopted->count; i++)
        if (adopted->row[i].cert && X509_check_ca(adopted->row[i].cert) != 1)
            name_row(&adopted->row[i]);
    if (adopted->count)
        qsort(adopted->row, adopted->count, sizeof *adopted->row, named_first);
    for (size_t i = 0; i < adopted->count && adopted->row[i].name[0]; i++) {
        struct cg_adopted_row *row = &adopted->row[i], *next = i + 1 < adopted->count ? row + 1 : NULL;
        bool same = i && strcmp(row[-1].name, row->name) == 0;
        row->generation = same ? row[-1].generation + 1 : 1;
        row->newest = !next || strcmp(next->name, row->name) != 0;
    }
    if (adopted->count)
        qsort(adopted->row, adopted->count, sizeof *adopted->row, by_order);
}

bool cg_adopted_collect(struct cg_adopted *adopted, const struct cg_found *found, struct cg_error *err)
{
    *adopted = (struct cg_adopted){.number = BN_new()};
    bool good = (adopted->number && BN_one(adopted->number)) || cg_fault_openssl(err, "no memory");
    for (size_t i = 0; good && i < found->nindex; i++)
        good = of_index(adopted, found->index[i], err);
    good = good && of_number_file(adopted, found->number, err);
    for (size_t i = 0; good && i < found->objects.count; i++) {
        const struct cg_lint_object *o = &found->objects.item[i];
        if (o->kind == CG_LINT_CERTIFICATE && cg_found_issued(found, o->cert))
            good = of_certificate(adopted, o, err);
        else if (o->kind == CG_LINT_CRL && X509_CRL_verify(o->crl, X509_get0_pubkey(found->cert)) == 1)
            good = of_crl(adopted, found, o, err);
    }
    ERR_clear_error();
    if (!good)
        return false;
    merge_all(adopted);
    place_all(adopted);
    return true;
}

bool cg_adopted_bans(struct cg_key_bans *bans, const struct cg_adopted *adopted, struct cg_error *err)
{
    bool good = true;
    *bans = (struct cg_key_bans){0};
    for (size_t i = 0; good && i < adopted->count; i++) {
        const struct cg_adopted_row *row = &adopted->row[i];
        if (row->status == 'R' && row->cert && cg_reason_is_compromise(row->reason))
            good = cg_key_bans_add(bans, row->cert, row->serial, err);
    }
    cg_key_bans_close(bans);
    return good;
}

void cg_adopted_free(struct cg_adopted *adopted)
{
    for (size_t i = 0; i < adopted->count; i++)
        clear_row(&adopted->row[i]);
    free(adopted->row);
    BN_free(adopted->number);
    *adopted = (struct cg_adopted){0};
}
