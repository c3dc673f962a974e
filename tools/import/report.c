/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "report.h"
#include "ca/check.h"
#include "lint/lint.h"

#include <stdio.h>
#include <string.h>

#define LINT_MAX 1000 /* certificates for lint: some rules compare every pair */

static bool is_graded(const struct cg_import_row *row, int64_t now)
{
    return row->newest && row->status != 'R' && row->expires >= now;
}

/* Adds each file once, whatever the number of objects in it. */
static bool add_files(struct cg_lint *lint, const struct cg_import_request *a, struct cg_error *err)
{
    size_t added = 0;
    bool renewed = X509_cmp(a->ca->cert, a->scan->cert) != 0;
    bool ok = (renewed ? cg_lint_add_certificate(lint, a->ca->cert)
                       : cg_lint_add_path(lint, a->scan->cert_file, err)) &&
              (a->key_uri || strcmp(a->scan->cert_file, a->scan->key_file) == 0 ||
               cg_lint_add_path(lint, a->scan->key_file, err));
    for (size_t i = 0; ok && i < a->plan->count && added < LINT_MAX; i++) {
        const struct cg_import_row *row = &a->plan->row[i];
        if (is_graded(row, a->ca->options.now) && strcmp(row->file, a->scan->cert_file) != 0)
            ok = cg_lint_add_path(lint, row->file, err) && ++added;
    }
    return ok;
}

/* For the CA and its key every finding is shown, for a name only the worst. */
static bool is_of_ca(const struct cg_import_request *a, const struct cg_lint_finding *f)
{
    return !f->file[0] || strcmp(f->file, a->scan->cert_file) == 0 || strcmp(f->file, a->scan->key_file) == 0;
}

static const struct cg_lint_finding *worst_of(const struct cg_lint *lint, const char *file)
{
    const struct cg_lint_finding *worst = NULL;
    for (size_t i = 0; i < cg_lint_count(lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(lint, i);
        if (f->row->severity >= CG_LINT_WARNING && strcmp(f->file, file) == 0 &&
            (!worst || f->row->severity > worst->row->severity))
            worst = f;
    }
    return worst;
}

/* The sources of a grade. */
struct grading {
    struct cg_ca_checker checker;
    struct cg_key_bans bans;
    struct cg_lint *lint;
};

static void grade_row(const struct cg_import_request *a, const struct grading *by, const struct cg_import_row *row,
                      const struct cg_import_report_visitor *visitor)
{
    struct cg_error why = {""};
    char text[sizeof why.text + 128];
    const struct cg_lint_finding *worst = worst_of(by->lint, row->file);
    const struct cg_ca_profile *profile = cg_ca_profile_of(row->cert);
    enum cg_import_grade grade = worst ? CG_GRADE_RENEW : CG_GRADE_GOOD;
    text[0] = '\0';
    if (worst)
        snprintf(text, sizeof text, "%s (%s); fix: certguard renew %s --as %s", worst->row->why, worst->row->id,
                 row->name, profile ? profile->name : "client");
    if (!profile) {
        grade = CG_GRADE_REPLACE;
        snprintf(
            text, sizeof text,
            "its extendedKeyUsage has neither serverAuth nor clientAuth; fix: certguard renew %s --as broker|client",
            row->name);
    } else if (!cg_key_bans_allow(&by->bans, X509_get0_pubkey(row->cert), &why) ||
               !cg_ca_checker_verdict(&by->checker, profile, row->cert, a->ca->options.now, &why)) {
        grade = CG_GRADE_REPLACE;
        snprintf(text, sizeof text, "%s; fix: certguard renew %s --as %s", why.text, row->name, profile->name);
    }
    visitor->name(visitor->context, row->name, grade, text);
}

bool cg_import_report(const struct cg_import_request *a, const struct cg_import_report_visitor *visitor,
                      struct cg_error *err)
{
    const int64_t now = a->ca->options.now;
    struct grading by = {.lint = cg_lint_new(now)};
    bool ok = cg_ca_checker_open(&by.checker, a->ca, err) && cg_import_plan_bans(&by.bans, a->plan, err) && by.lint &&
              add_files(by.lint, a, err) && cg_lint_run(by.lint);
    for (size_t i = 0; ok && i < cg_lint_count(by.lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(by.lint, i);
        if (f->row->severity >= CG_LINT_WARNING)
            visitor->finding(visitor->context, f, is_of_ca(a, f));
    }
    for (size_t i = 0; ok && i < a->plan->count; i++)
        if (is_graded(&a->plan->row[i], now))
            grade_row(a, &by, &a->plan->row[i], visitor);
    cg_ca_checker_close(&by.checker);
    cg_key_bans_free(&by.bans);
    cg_lint_free(by.lint);
    return ok;
}
