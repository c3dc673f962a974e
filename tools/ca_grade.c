/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_grade.h"
#include "ca_check.h"
#include "lint.h"
#include "print.h"

#include <stdio.h>
#include <string.h>

#define LINT_MAX 1000 /* certificates that lint sees: its rules that compare two walk every pair */

enum grade { GOOD = 0, MEND, REPLACE };

static const struct {
    const char *word;
    enum cg_colour colour;
} grades[] = {{"good", CG_GREEN}, {"mend", CG_YELLOW}, {"replace", CG_RED}};

static bool is_graded(const struct cg_adopted_row *row, int64_t now)
{
    return row->newest && row->status != 'R' && row->expires >= now;
}

/* Files are named once each, however many objects they hold. */
static bool add_files(struct cg_lint *lint, const struct cg_adoption *a, struct cg_error *err)
{
    size_t added = 0;
    bool renewed = X509_cmp(a->ca->cert, a->found->cert) != 0;
    bool good = (renewed ? cg_lint_add_certificate(lint, a->ca->cert)
                         : cg_lint_add_path(lint, a->found->cert_file, err)) &&
                (a->key_uri || strcmp(a->found->cert_file, a->found->key_file) == 0 ||
                 cg_lint_add_path(lint, a->found->key_file, err));
    for (size_t i = 0; good && i < a->adopted->count && added < LINT_MAX; i++) {
        const struct cg_adopted_row *row = &a->adopted->row[i];
        if (is_graded(row, a->cli->now) && strcmp(row->file, a->found->cert_file) != 0)
            good = cg_lint_add_path(lint, row->file, err) && ++added;
    }
    return good;
}

/* Of the CA and its key every finding is shown; of a name the worst one goes into its line. */
static bool is_of_ca(const struct cg_adoption *a, const struct cg_lint_finding *f)
{
    return !f->file[0] || strcmp(f->file, a->found->cert_file) == 0 || strcmp(f->file, a->found->key_file) == 0;
}

static void show_finding(const struct cg_adoption *a, const struct cg_lint_finding *f, cJSON *list)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "file", f->file);
    cJSON_AddStringToObject(item, "id", f->row->id);
    cJSON_AddStringToObject(item, "severity", cg_severity_text(f->row->severity));
    cJSON_AddStringToObject(item, "what", f->row->why);
    cJSON_AddStringToObject(item, "cure", f->row->fix);
    cJSON_AddItemToArray(list, item);
    if (!a->cli->json && is_of_ca(a, f))
        cg_print(stdout, "%s: %s: %s (%s)\n    %s\n", f->file[0] ? f->file : "the CA",
                 cg_severity_text(f->row->severity), f->row->why, f->row->id, f->row->fix);
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

static void print_grade(const struct cg_adoption *a, const char *name, enum grade grade, const char *why, cJSON *list)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", name);
    cJSON_AddStringToObject(item, "grade", grades[grade].word);
    cJSON_AddStringToObject(item, "why", why);
    cJSON_AddItemToArray(list, item);
    if (!a->cli->json) {
        cg_print_in(stdout, grades[grade].colour, "%-8s", grades[grade].word);
        cg_print(stdout, " %-24s %s\n", name, why);
    }
}

/* What a certificate is graded by. */
struct grading {
    struct cg_ca_checker checker;
    struct cg_key_bans bans;
    struct cg_lint *lint;
};

static bool grade_row(const struct cg_adoption *a, const struct grading *by, const struct cg_adopted_row *row,
                      cJSON *list)
{
    struct cg_error why = {""};
    char text[sizeof why.text + 128];
    const struct cg_lint_finding *worst = worst_of(by->lint, row->file);
    const struct cg_ca_profile *profile = cg_ca_profile_of(row->cert);
    enum grade grade = worst ? MEND : GOOD;
    text[0] = '\0';
    if (worst)
        snprintf(text, sizeof text, "%s (%s); heals with: certguard renew %s --as %s", worst->row->why, worst->row->id,
                 row->name, profile ? profile->name : "client");
    if (!profile) {
        grade = REPLACE;
        snprintf(text, sizeof text,
                 "its extendedKeyUsage says neither broker nor client; certguard renew %s --as broker|client",
                 row->name);
    } else if (!cg_key_bans_allow(&by->bans, X509_get0_pubkey(row->cert), &why) ||
               !cg_ca_checker_verdict(&by->checker, profile, row->cert, a->cli->now, &why)) {
        grade = REPLACE;
        snprintf(text, sizeof text, "%s; certguard renew %s --as %s", why.text, row->name, profile->name);
    }
    print_grade(a, row->name, grade, text, list);
    return grade == REPLACE;
}

bool cg_grade(const struct cg_adoption *a, cJSON *result, size_t *bad, struct cg_error *err)
{
    struct grading by = {.lint = cg_lint_new(a->cli->now)};
    cJSON *findings = cJSON_AddArrayToObject(result, "findings"), *names = cJSON_AddArrayToObject(result, "names");
    *bad = 0;
    bool good = cg_ca_checker_open(&by.checker, a->ca, err) && cg_adopted_bans(&by.bans, a->adopted, err) && by.lint &&
                add_files(by.lint, a, err) && cg_lint_run(by.lint);
    for (size_t i = 0; good && i < cg_lint_count(by.lint); i++)
        if (cg_lint_finding(by.lint, i)->row->severity >= CG_LINT_WARNING) {
            show_finding(a, cg_lint_finding(by.lint, i), findings);
            *bad += cg_lint_finding(by.lint, i)->row->severity == CG_LINT_ERROR;
        }
    for (size_t i = 0; good && i < a->adopted->count; i++)
        if (is_graded(&a->adopted->row[i], a->cli->now))
            *bad += grade_row(a, &by, &a->adopted->row[i], names);
    cg_ca_checker_close(&by.checker);
    cg_key_bans_free(&by.bans);
    cg_lint_free(by.lint);
    return good;
}
