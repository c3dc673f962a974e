/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "revoked.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/cert/der.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "journal.h"
#include "serials.h"
#include "target.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CRL_LIMIT    ((size_t)1 << 30)
#define NUMBER_LIMIT ((size_t)4096)

/* ---- the last CRL ---- */

BIGNUM *cg_crl_number(const X509_CRL *crl)
{
    ASN1_INTEGER *value = crl ? X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL) : NULL;
    BIGNUM *number = value ? ASN1_INTEGER_to_BN(value, NULL) : NULL;
    ASN1_INTEGER_free(value);
    return number;
}

static bool is_newer(const X509_CRL *crl, const X509_CRL *than)
{
    BIGNUM *a = cg_crl_number(crl), *b = cg_crl_number(than);
    bool newer = !than || (a && (!b || BN_cmp(a, b) > 0));
    BN_free(a);
    BN_free(b);
    return newer;
}

BIGNUM *cg_crl_number_load(const char *path, struct cg_error *err)
{
    struct cg_bytes bytes;
    BIGNUM *number = NULL;
    if (!cg_file_read(path, CG_FILE_PUBLIC, NUMBER_LIMIT, &bytes, err))
        return NULL;
    char *text = (char *)bytes.data;
    text[strcspn(text, " \r\n")] = '\0';
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (!digits || text[digits] || !BN_hex2bn(&number, text))
        cg_error_set(err, "%s: expected one hexadecimal number, found \"%.50s\"", path, text);
    cg_bytes_free(&bytes);
    return number;
}

/* Takes crl. */
static void take_newer(X509_CRL **best, X509_CRL *crl, X509 *issuer)
{
    if (X509_CRL_verify(crl, X509_get0_pubkey(issuer)) == 1 && is_newer(crl, *best)) {
        X509_CRL_free(*best);
        *best = crl;
    } else {
        X509_CRL_free(crl);
    }
}

/* PEM with any number of CRLs, or DER with one. */
static void read_crls(const struct cg_bytes *bytes, X509 *issuer, X509_CRL **best)
{
    X509_CRL *crl = NULL;
    const unsigned char *der = bytes->data;
    BIO *bio = BIO_new_mem_buf(bytes->data, (int)bytes->len);
    while (bio && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)))
        take_newer(best, crl, issuer);
    BIO_free(bio);
    if (bytes->len && *der == 0x30 && (crl = d2i_X509_CRL(NULL, &der, (long)bytes->len)))
        take_newer(best, crl, issuer);
    ERR_clear_error();
}

X509_CRL *cg_crl_of(const char *path, X509 *issuer)
{
    struct cg_bytes bytes;
    X509_CRL *best = NULL;
    if (cg_file_read(path, CG_FILE_PUBLIC, CRL_LIMIT, &bytes, NULL)) {
        read_crls(&bytes, issuer, &best);
        cg_bytes_free(&bytes);
    }
    return best;
}

struct copies {
    X509 *issuer;
    X509_CRL *last;
    struct cg_bytes own, der; /* the first copy, as PEM and DER */
};

static bool contains(const struct cg_bytes *bytes, const struct cg_bytes *known)
{
    if (known->len && known->len == bytes->len)
        return memcmp(bytes->data, known->data, known->len) == 0;
    return known->len && memmem(bytes->data, bytes->len, known->data, known->len);
}

/* Most copies contain the same bytes, which need no parsing. */
static void read_copy(struct copies *copies, const char *path)
{
    struct cg_bytes bytes;
    if (!cg_file_read(path, CG_FILE_PUBLIC, CRL_LIMIT, &bytes, NULL))
        return;
    if (!contains(&bytes, &copies->own) && !contains(&bytes, &copies->der))
        read_crls(&bytes, copies->issuer, &copies->last);
    cg_bytes_free(&bytes);
}

static void read_own(struct copies *copies, const char *path)
{
    if (cg_file_read(path, CG_FILE_PUBLIC, CRL_LIMIT, &copies->own, NULL))
        read_crls(&copies->own, copies->issuer, &copies->last);
    if (!copies->last)
        cg_bytes_free(&copies->own);
    int len = copies->last ? i2d_X509_CRL(copies->last, &copies->der.data) : 0;
    copies->der.len = len > 0 ? (size_t)len : 0;
}

/* Brokers have newer copies if the CA was restored from a backup. Copies that cannot be read are skipped. */
static bool read_target(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char path[PATH_MAX];
    struct copies *copies = context;
    (void)ca;
    (void)err;
    if (snprintf(path, sizeof path, "%s/crl.pem", target->to) < (int)sizeof path)
        read_copy(copies, path);
    return true;
}

X509_CRL *cg_crl_last(const struct cg_ca *ca, const char *folder, X509 *issuer)
{
    char path[PATH_MAX];
    struct copies copies = {.issuer = issuer};
    read_own(&copies, cg_ca_path(ca, path, "%s/crl.pem", folder));
    read_copy(&copies, cg_ca_path(ca, path, "crl.pem"));
    read_copy(&copies, cg_ca_path(ca, path, "crl.der"));
    cg_target_visit(ca, read_target, &copies, NULL, NULL);
    cg_bytes_free(&copies.own);
    OPENSSL_free(copies.der.data);
    return copies.last;
}

/* -1: none. All CRLReasons are one octet, so that a long CRL needs no decoding of each. */
static int reason_of(const X509_REVOKED *entry)
{
    int at = X509_REVOKED_get_ext_by_NID(entry, NID_crl_reason, -1);
    const ASN1_OCTET_STRING *value = at < 0 ? NULL : X509_EXTENSION_get_data(X509_REVOKED_get_ext(entry, at));
    const unsigned char *der = value && ASN1_STRING_length(value) == 3 ? ASN1_STRING_get0_data(value) : NULL;
    return der && der[0] == CG_DER_ENUMERATED && der[1] == 1 && der[2] < 128 ? der[2] : -1;
}

bool cg_crl_entry_read(const X509_REVOKED *entry, char **serial, int64_t *when, int *reason)
{
    *reason = reason_of(entry);
    *serial = cg_index_serial(X509_REVOKED_get0_serialNumber(entry));
    return *serial && cg_time_seconds(X509_REVOKED_get0_revocationDate(entry), when);
}

/* ---- revocations that the index has lost ---- */

/* Other programs write leading zeros. */
static const char *digits_of(const char *serial)
{
    return serial + strspn(serial, "0");
}

static int by_serial(const void *a, const void *b)
{
    const struct cg_revocation *one = a, *other = b;
    return strcasecmp(digits_of(one->serial), digits_of(other->serial));
}

static bool is_compromise(int reason)
{
    return cg_reason_gravity(reason) == CG_REASON_COMPROMISE;
}

/* False: out of memory. */
static bool add(struct cg_revocations *lost, struct cg_known *known, const char *serial, int64_t when, int reason)
{
    struct cg_revocation *rows = cg_array_grow(lost->row, lost->count, sizeof *rows);
    if (!rows)
        return false;
    lost->row = rows;
    rows[lost->count] = (struct cg_revocation){.reason = reason, .when = when, .expires = CG_TIME_NONE};
    snprintf(rows[lost->count++].serial, sizeof rows->serial, "%s", serial);
    return cg_serials_add(&known->revoked, serial) &&
           (!is_compromise(reason) || cg_serials_add(&known->compromised, serial));
}

/* One row for each serial number, with its first date and its gravest reason. */
static void sort_and_merge(struct cg_revocations *lost)
{
    size_t kept = 0;
    qsort(lost->row, lost->count, sizeof *lost->row, by_serial);
    for (size_t i = 0; i < lost->count; i++) {
        struct cg_revocation *last = kept ? &lost->row[kept - 1] : NULL, *next = &lost->row[i];
        if (!last || by_serial(last, next) != 0) {
            lost->row[kept++] = *next;
            continue;
        }
        if (last->when == CG_TIME_NONE || (next->when != CG_TIME_NONE && next->when < last->when))
            last->when = next->when;
        if (cg_reason_gravity(next->reason) > cg_reason_gravity(last->reason))
            last->reason = next->reason;
    }
    lost->count = kept;
}

void cg_revocations_free(struct cg_revocations *lost)
{
    free(lost->row);
    *lost = (struct cg_revocations){0};
}

const struct cg_revocation *cg_revocations_find(const struct cg_revocations *lost, const char *serial)
{
    struct cg_revocation key = {.reason = -1};
    if (!lost->count)
        return NULL;
    snprintf(key.serial, sizeof key.serial, "%s", digits_of(serial));
    return bsearch(&key, lost->row, lost->count, sizeof *lost->row, by_serial);
}

/* Serial numbers that need nothing else: they are revoked in the index, or expired long enough to leave the CRL. */
static bool collect_covered(struct cg_index *index, int64_t now, struct cg_known *known, struct cg_error *err)
{
    struct cg_index_row row;
    cg_index_rewind(index);
    while (cg_index_next(index, &row, err)) {
        const bool expired = row.expires + CG_KEEP_EXPIRED < now;
        if (((row.status == 'R' || expired) && !cg_serials_add(&known->revoked, row.serial)) ||
            (((row.status == 'R' && is_compromise(row.reason)) || expired) &&
             !cg_serials_add(&known->compromised, row.serial)))
            return cg_fail_memory(err);
    }
    return !index->is_damaged;
}

static bool compare_entry(const X509_REVOKED *entry, struct cg_known *known, struct cg_revocations *lost)
{
    int64_t when = CG_TIME_NONE;
    int reason = -1;
    char *serial = NULL;
    bool ok = cg_crl_entry_read(entry, &serial, &when, &reason);
    if (ok && !cg_serials_has(cg_known_as(known, true, is_compromise(reason)), serial))
        ok = add(lost, known, serial, when, reason);
    OPENSSL_free(serial);
    return ok;
}

static bool compare_crl(X509_CRL *last, struct cg_known *known, struct cg_revocations *lost, struct cg_error *err)
{
    STACK_OF(X509_REVOKED) *entries = last ? X509_CRL_get_REVOKED(last) : NULL;
    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
        if (!compare_entry(sk_X509_REVOKED_value(entries, i), known, lost))
            return cg_fail_openssl(err, "read", "the last CRL");
    return true;
}

static bool compare_journal(struct cg_journal *journal, struct cg_known *known, struct cg_revocations *lost,
                            struct cg_error *err)
{
    struct cg_journal_row line;
    bool ok = true;
    journal->at = 0;
    while (ok && cg_journal_next_unknown(journal, "revoked", known, &line)) {
        const int reason = line.reason ? cg_reason_number(line.reason) : -1;
        if (line.revoked && line.serial &&
            !cg_serials_has(cg_known_as(known, true, is_compromise(reason)), line.serial))
            ok = add(lost, known, line.serial, line.time, reason);
        cg_journal_row_clear(&line);
    }
    return ok || cg_fail_memory(err);
}

/* Adds names, and the expiry of certificates issued here, from the journal. */
static void complete(struct cg_journal *journal, struct cg_revocations *lost)
{
    struct cg_journal_row line;
    journal->at = 0;
    while (lost->count && cg_journal_next(journal, "\"serial\"", &line)) {
        struct cg_revocation *row = line.serial
                                        ? (struct cg_revocation *)(uintptr_t)cg_revocations_find(lost, line.serial)
                                        : NULL;
        if (row && line.name)
            snprintf(row->name, sizeof row->name, "%s", line.name);
        if (row && line.expires != CG_TIME_NONE)
            row->expires = line.expires;
        cg_journal_row_clear(&line);
    }
}

static void drop_expired(struct cg_revocations *lost, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < lost->count; i++)
        if (lost->row[i].expires == CG_TIME_NONE || lost->row[i].expires + CG_KEEP_EXPIRED >= now)
            lost->row[kept++] = lost->row[i];
    lost->count = kept;
}

bool cg_revocations_lost(const struct cg_ca *ca, struct cg_index *index, X509_CRL *last, int64_t now,
                         struct cg_revocations *lost, struct cg_error *err)
{
    struct cg_known known = {.issued = {0}};
    struct cg_journal journal = {0};
    *lost = (struct cg_revocations){0};
    bool ok = collect_covered(index, now, &known, err) && compare_crl(last, &known, lost, err) &&
              cg_journal_load(&journal, ca, 0, err) && compare_journal(&journal, &known, lost, err);
    if (ok && lost->count) {
        sort_and_merge(lost);
        complete(&journal, lost);
        drop_expired(lost, now);
    }
    cg_journal_free(&journal);
    cg_known_free(&known);
    if (!ok)
        cg_revocations_free(lost);
    return ok;
}

static bool journal_has_certificates(const struct cg_ca *ca)
{
    struct cg_journal journal;
    struct cg_journal_serial line;
    bool has = cg_journal_load(&journal, ca, 0, NULL) && cg_journal_next_serial(&journal, &line);
    cg_journal_free(&journal);
    return has;
}

/* False if a CRL was made here once, and neither a CRL nor the journal shows its entries. */
static bool has_source(const struct cg_ca *ca, const char *folder, const X509_CRL *last, struct cg_error *err)
{
    const bool root = strcmp(folder, "root") == 0;
    const bool is_new = !cg_ca_has(ca, root ? "root/crlnumber" : "ca/cert.pem");
    if (last || is_new || (!root && journal_has_certificates(ca)))
        return true;
    return cg_fail_text(
        err,
        "cannot make a CRL: the revoked certificates are unknown, because %s/crl.pem %scannot be read. Restore "
        "the file from a backup, or copy the crl.pem of a broker to its place%s%s%s",
        folder, root ? "" : "and journal.jsonl ", root ? ". If this root never revoked anything: rm " : "",
        root ? ca->word : "", root ? "/root/crlnumber" : "");
}

bool cg_revocations_kept(const struct cg_ca *ca, const char *folder, struct cg_index *index, X509_CRL *last,
                         int64_t now, struct cg_error *err)
{
    struct cg_revocations lost;
    if (!has_source(ca, folder, last, err))
        return false;
    if (!index)
        return true;
    if (!cg_revocations_lost(ca, index, last, now, &lost, err))
        return false;
    const struct cg_revocation *one = lost.count ? &lost.row[0] : NULL;
    if (one)
        cg_error_set(
            err,
            "index.txt is lost, truncated or an older copy: a CRL made from it would omit %zu revoked "
            "certificate%s (%s%sserial %s%s), so none was made. Restore index.txt from a backup, or rebuild it "
            "from the journal, archive/ and the last CRL: certguard -C %s crl --restore-index%s",
            lost.count, lost.count == 1 ? "" : "s", one->name, one->name[0] ? ", " : "", one->serial,
            lost.count == 1 ? "" : ", ...", ca->word, ca->clock_set ? " --at +0s" : "");
    cg_revocations_free(&lost);
    return !one;
}
