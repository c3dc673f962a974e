/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "index_check.h"
#include "base/failure.h"
#include "index.h"
#include "journal.h"
#include "restore.h"
#include "serials.h"

#include <stdio.h>
#include <stdlib.h>

static bool read_index(struct cg_index *index, struct cg_known *known, struct cg_error *err)
{
    struct cg_index_row row;
    while (cg_index_next(index, &row, err))
        if (!cg_serials_add(&known->issued, row.serial) ||
            (row.status == 'R' && !cg_serials_add(&known->revoked, row.serial)) ||
            (row.status == 'R' && cg_reason_gravity(row.reason) == CG_REASON_COMPROMISE &&
             !cg_serials_add(&known->compromised, row.serial)))
            return cg_fail_memory(err);
    return !index->is_damaged;
}

static bool fail_incomplete(const struct cg_ca *ca, const char *what, struct cg_error *err)
{
    return cg_fail_text(
        err,
        "index.txt is lost, truncated or an older copy: %s. Nothing was changed. Restore it from a backup, or "
        "rebuild it from the journal, archive/ and the last CRL: certguard -C %s crl --restore-index%s",
        what, ca->word, ca->clock_set ? " --at +0s" : "");
}

static bool compare_journal(const struct cg_ca *ca, struct cg_journal *journal, const struct cg_known *known,
                            size_t *seen, struct cg_error *err)
{
    char what[160];
    struct cg_journal_serial line;
    while (cg_journal_next_serial(journal, &line)) {
        ++*seen;
        if (cg_serials_has(cg_known_as(known, line.revoked, line.compromised), line.serial))
            continue;
        snprintf(what, sizeof what, "according to the journal, the certificate with the serial %s was %s%s",
                 line.serial, line.revoked ? "revoked" : "issued", line.compromised ? " as compromised" : "");
        return fail_incomplete(ca, what, err);
    }
    return true;
}

/* Reads every certificate, but only while there is no journal. */
static bool compare_files(const struct cg_ca *ca, struct cg_index *index, struct cg_error *err)
{
    char what[160];
    size_t restored = 0;
    if (!cg_index_restore(ca, index, &restored, err))
        return false;
    if (!restored)
        return true;
    snprintf(what, sizeof what,
             "according to archive/ and the last CRL, %zu issued or revoked certificate%s missing in it", restored,
             restored == 1 ? " is" : "s are");
    return fail_incomplete(ca, what, err);
}

bool cg_index_check(const struct cg_ca *ca, struct cg_error *err)
{
    struct cg_index index = {0};
    struct cg_journal journal = {0};
    struct cg_known known = {.issued = {0}};
    size_t seen = 0;
    bool ok = cg_index_load(&index, ca, err) && read_index(&index, &known, err) &&
              cg_journal_load(&journal, ca, 0, err) && compare_journal(ca, &journal, &known, &seen, err) &&
              (seen || compare_files(ca, &index, err));
    cg_known_free(&known);
    cg_journal_free(&journal);
    cg_index_free(&index);
    return ok;
}

static bool is_known(const struct cg_serials *issued, const X509 *cert)
{
    char *serial = cg_index_serial(X509_get0_serialNumber(cert));
    const bool is = serial && cg_serials_has(issued, serial);
    OPENSSL_free(serial);
    return is;
}

bool cg_index_check_name(const struct cg_ca *ca, const struct cg_serials *issued, const char *name,
                         struct cg_error *err)
{
    char what[CG_NAME_MAX + 96];
    bool known = true;
    if (!cg_ca_name_valid(name, NULL))
        return true;
    for (unsigned n = 1, last = cg_ca_generation(ca, name); known && n <= last; n++) {
        X509 *cert = cg_ca_generation_cert(ca, name, n, NULL);
        known = !cert || is_known(issued, cert);
        X509_free(cert);
        if (!known)
            snprintf(what, sizeof what, "archive/%s/%04u is missing in it", name, n);
    }
    return known || fail_incomplete(ca, what, err);
}
