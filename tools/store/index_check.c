/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "index_check.h"
#include "base/failure.h"
#include "index.h"
#include "journal.h"
#include "restore.h"
#include "serials.h"

#include <stdio.h>
#include <stdlib.h>

struct answers {
    struct cg_serials issued, revoked; /* in the index; revoked, or expired so that it does not matter */
};

static bool of_index(struct cg_index *index, struct answers *answers, struct cg_error *err)
{
    struct cg_error fault = {""};
    struct cg_index_row row;
    bool ok = true;
    while (ok && cg_index_next(index, &row, &fault))
        ok = cg_serials_add(&answers->issued, row.serial) &&
             (row.status != 'R' || cg_serials_add(&answers->revoked, row.serial));
    if (fault.text[0])
        cg_error_set(err, "%s", fault.text);
    else if (!ok)
        cg_fail_errno(err, "compare", "index.txt");
    return ok && !fault.text[0];
}

static bool lacks(const struct cg_ca *ca, const char *what, struct cg_error *err)
{
    cg_error_set(err,
                 "index.txt was lost or shortened, or is an older copy: %s. Nothing was changed. Put it back from a "
                 "backup, or make it again from the journal, archive/ and the last CRL: certguard -C %s crl "
                 "--restore-index%s",
                 what, ca->word, ca->clock_set ? " --at +0s" : "");
    return false;
}

static bool of_journal(const struct cg_ca *ca, struct cg_journal *journal, const struct answers *answers, size_t *seen,
                       struct cg_error *err)
{
    char what[160];
    struct cg_journal_serial line;
    while (cg_journal_next_serial(journal, &line)) {
        ++*seen;
        if (cg_serials_has(line.revoked ? &answers->revoked : &answers->issued, line.serial))
            continue;
        snprintf(what, sizeof what, "by the journal, the certificate with the serial %s was %s", line.serial,
                 line.revoked ? "revoked" : "issued");
        return lacks(ca, what, err);
    }
    return true;
}

/* Nothing else remembers; this reads every certificate, but only until there is a journal again. */
static bool of_files(const struct cg_ca *ca, struct cg_index *index, struct cg_error *err)
{
    char what[160];
    size_t restored = 0;
    if (!cg_index_restore(ca, index, &restored, err))
        return false;
    if (!restored)
        return true;
    snprintf(what, sizeof what,
             "by archive/ and the last CRL, %zu certificate%s that it lacks or has as good %s issued or revoked",
             restored, restored == 1 ? "" : "s", restored == 1 ? "was" : "were");
    return lacks(ca, what, err);
}

bool cg_index_check(const struct cg_ca *ca, struct cg_error *err)
{
    struct cg_index index = {0};
    struct cg_journal journal = {0};
    struct answers answers = {.issued = {0}};
    size_t seen = 0;
    bool ok = cg_index_load(&index, ca, err) && of_index(&index, &answers, err) &&
              cg_journal_load(&journal, ca, 0, err) && of_journal(ca, &journal, &answers, &seen, err) &&
              (seen || of_files(ca, &index, err));
    cg_serials_free(&answers.issued);
    cg_serials_free(&answers.revoked);
    cg_journal_free(&journal);
    cg_index_free(&index);
    return ok;
}

bool cg_index_check_name(const struct cg_ca *ca, const struct cg_index *index, const char *name, struct cg_error *err)
{
    char path[PATH_MAX], what[CG_NAME_MAX + 96];
    bool known = true;
    if (!cg_ca_name_valid(name, NULL))
        return true;
    for (unsigned n = 1, last = cg_ca_generation(ca, name); known && n <= last; n++) {
        X509 *cert = cg_cert_load(cg_ca_path(ca, path, "archive/%s/%04u/cert.pem", name, n), NULL);
        known = !cert || cg_index_status(index, cert) != '\0';
        X509_free(cert);
        if (!known)
            snprintf(what, sizeof what, "it has no line of archive/%s/%04u", name, n);
    }
    return known || lacks(ca, what, err);
}
