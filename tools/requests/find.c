/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "find.h"
#include "base/failure.h"
#include "base/json.h"
#include "base/parallel.h"
#include "store/clock.h"
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const X509 *current_of(const struct cg_case *item)
{
    return item->item->mail.certificate;
}

/* ---- the rows of the index: one walk for all */

static int by_serial(const void *a, const void *b)
{
    struct cg_case *const *x = a, *const *y = b;
    return strcmp((*x)->serial, (*y)->serial);
}

static int is_serial(const void *serial, const void *item)
{
    return strcmp(serial, (*(struct cg_case *const *)item)->serial);
}

static void take_row(const struct cg_index_row *row, struct cg_case *item)
{
    item->status = row->status;
    snprintf(item->file, sizeof item->file, "%s", row->file);
    cg_index_row_name(row, item->name);
}

/* Several cases may have one certificate. */
static void take_row_for_all(const struct cg_index_row *row, struct cg_case **sorted, size_t count)
{
    struct cg_case **found = count ? bsearch(row->serial, sorted, count, sizeof *sorted, is_serial) : NULL;
    if (!found)
        return;
    while (found > sorted && strcmp(found[-1]->serial, row->serial) == 0)
        found--;
    for (; found < sorted + count && strcmp((*found)->serial, row->serial) == 0; found++)
        take_row(row, *found);
}

static bool read_rows(const struct cg_cases *cases, struct cg_error *err)
{
    struct cg_index index = {0};
    struct cg_index_row row;
    size_t count = 0;
    struct cg_case **sorted = calloc(cases->count + 1, sizeof(struct cg_case *));
    if (!sorted)
        return cg_fail_memory(err);
    bool ok = cg_index_load(&index, cases->issuer->ca, err);
    for (size_t i = 0; ok && i < cases->count; i++)
        if (*cases->item[i].serial)
            sorted[count++] = &cases->item[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, by_serial);
    while (ok && cg_index_next(&index, &row, err))
        take_row_for_all(&row, sorted, count);
    ok = ok && !index.is_damaged;
    cg_index_free(&index);
    free(sorted);
    return ok;
}

/* ---- one case */

static bool same_octets(const X509 *a, const X509 *b)
{
    unsigned char *x = NULL, *y = NULL;
    const int m = i2d_X509(a, &x), n = i2d_X509(b, &y);
    const bool same = m > 0 && m == n && memcmp(x, y, (size_t)m) == 0;
    OPENSSL_free(x);
    OPENSSL_free(y);
    return same;
}

static bool serial_of(const X509 *cert, char out[64])
{
    char *serial = cg_index_serial(X509_get0_serialNumber(cert));
    snprintf(out, 64, "%s", serial ? serial : "");
    OPENSSL_free(serial);
    return *out;
}

/* An imported certificate of which the archive has no copy: our own signature shows that we issued it. */
static bool has_our_signature(struct cg_case *item, const struct cg_ca *ca)
{
    X509 *cert = item->item->mail.certificate;
    const bool ok = X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(ca->cert)) == 0 &&
                    X509_verify(cert, X509_get0_pubkey(ca->cert)) == 1;
    return ok || cg_case_refuse(item, CG_REASON_RENEWAL_NOT_ACCEPTED, "this CA did not sign the certificate");
}

static bool is_in_archive(struct cg_case *item, const struct cg_ca *ca)
{
    X509 *kept = cg_ca_generation_cert(ca, item->name, item->generation, &item->err);
    if (!kept)
        return cg_case_fail(item);
    const bool same = same_octets(kept, current_of(item));
    X509_free(kept);
    return same || cg_case_refuse(item, CG_REASON_RENEWAL_NOT_ACCEPTED,
                                  "the certificate is not the one that this CA issued with its serial number");
}

static bool is_ours(struct cg_case *item, const struct cg_ca *ca)
{
    const char *number = strrchr(item->file, '/');
    if (!item->status || !cg_ca_name_valid(item->name, NULL)) {
        item->name[0] = '\0';
        return cg_case_refuse(item, CG_REASON_RENEWAL_NOT_ACCEPTED, "this CA did not issue the certificate");
    }
    item->generation = number && strncmp(item->file, "archive/", strlen("archive/")) == 0
                           ? (unsigned)strtoul(number + 1, NULL, 10)
                           : 0;
    return item->generation ? is_in_archive(item, ca) : has_our_signature(item, ca);
}

/* A successor of another request. */
static bool add_rival(struct cg_case *item, const struct cg_issuer *issuer, unsigned n,
                      const struct cg_successor *other, X509 *cert)
{
    int64_t start = 0;
    char serial[64];
    if (!serial_of(cert, serial) || cg_serials_has(&issuer->revoked, serial))
        return true;
    if (item->rivals < CG_SUCCESSORS_MAX) {
        struct cg_rival *rival = &item->rival[item->rivals++];
        rival->generation = n;
        memcpy(rival->serial, serial, sizeof serial);
    }
    item->is_rival_confirmed = item->is_rival_confirmed || other->confirmed != CG_TIME_NONE;
    cg_time_seconds(X509_get0_notBefore(cert), &start);
    item->is_rival_young = item->is_rival_young || issuer->now - start - CG_BACKDATE < CG_RIVAL_AGE;
    return true;
}

static bool note_successor(struct cg_case *item, const struct cg_issuer *issuer, unsigned n,
                           const struct cg_successor *found)
{
    X509 *cert = cg_ca_generation_cert(issuer->ca, item->name, n, &item->err);
    bool ok = cert;
    item->total++;
    if (cert && strcmp(found->id, item->item->id) != 0) {
        ok = add_rival(item, issuer, n, found, cert);
    } else if (cert) {
        item->own = n;
        item->successor = *found;
        serial_of(cert, item->own_serial);
    }
    X509_free(cert);
    return ok;
}

/* They have higher numbers than the certificate itself. */
static bool find_successors(struct cg_case *item, const struct cg_issuer *issuer)
{
    struct cg_successor found;
    item->newest = cg_ca_generation(issuer->ca, item->name);
    for (unsigned n = item->generation + 1; n <= item->newest; n++)
        if (!cg_successor_read(issuer->ca, item->name, n, &found, &item->err) ||
            (*found.id && strcmp(found.predecessor, item->sha256) == 0 && !note_successor(item, issuer, n, &found)))
            return cg_case_fail(item);
    return true;
}

static void start(struct cg_case *item)
{
    struct cg_item *of = item->item;
    *item = (struct cg_case){.item = of, .state = CG_CASE_FAULTY};
    if (!of)
        return;
    item->err = of->fault;
    if (*of->fault.text || !of->mail.certificate)
        return;
    item->state = CG_CASE_WAITING;
    if (!cg_sha256_text(of->mail.certificate, item->sha256) || !serial_of(of->mail.certificate, item->serial))
        item->state = cg_fail_memory(&item->err) ? CG_CASE_WAITING : CG_CASE_FAULTY;
}

static bool add_fork(const struct cg_journal_row *row, struct cg_serials *forked)
{
    const char *id = cg_member_text(row->object, "renewal");
    return !*id || cg_serials_add(forked, id);
}

static bool add_refusal(const struct cg_journal_row *row, struct cg_serials *refused)
{
    char text[CG_REFUSED_MAX];
    snprintf(text, sizeof text, "%s %s", cg_member_text(row->object, "renewal"), cg_member_text(row->object, "code"));
    return cg_serials_add(refused, text);
}

/* The journal, since a broker could leave out what it was answered, and ask again; over the control topic it does not say. */
static bool read_notes(const struct cg_ca *ca, const char *word,
                       bool (*add)(const struct cg_journal_row *row, struct cg_serials *notes),
                       struct cg_serials *notes, struct cg_error *err)
{
    struct cg_journal journal;
    struct cg_journal_row row;
    bool ok = cg_journal_load(&journal, ca, 0, err);
    while (ok && cg_journal_next(&journal, word, &row)) {
        ok = add(&row, notes) || cg_fail_memory(err);
        cg_journal_row_clear(&row);
    }
    cg_journal_free(&journal);
    return ok;
}

static void find_one(void *context, size_t i)
{
    const struct cg_cases *cases = context;
    struct cg_case *item = &cases->item[i];
    item->is_denied = cg_case_was_refused(cases, item, CG_REASON_RENEWAL_DENIED);
    item->is_noted = cg_serials_has(&cases->forked, item->item->id);
    if (item->state == CG_CASE_WAITING && is_ours(item, cases->issuer->ca))
        find_successors(item, cases->issuer);
}

bool cg_cases_find_again(struct cg_cases *cases, struct cg_error *err)
{
    for (size_t i = 0; i < cases->count; i++)
        start(&cases->item[i]);
    if (!read_rows(cases, err))
        return false;
    if (cases->count)
        cg_parallel(cases->count, 0, find_one, cases);
    return true;
}

bool cg_cases_find(struct cg_cases *cases, const struct cg_issuer *issuer, const struct cg_source *source,
                   struct cg_error *err)
{
    *cases = (struct cg_cases){.issuer = issuer, .count = source->count};
    cases->item = calloc(source->count + 1, sizeof *cases->item);
    if (!cases->item)
        return cg_fail_memory(err);
    for (size_t i = 0; i < source->count; i++)
        cases->item[i].item = &source->item[i];
    return read_notes(issuer->ca, "\"renewal_refused\"", add_refusal, &cases->refused, err) &&
           read_notes(issuer->ca, "\"renewal_forked\"", add_fork, &cases->forked, err) &&
           cg_cases_find_again(cases, err);
}
