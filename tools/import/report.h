/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The report on an imported CA: the results of lint and of the plugin's check for the CA and each name, as grades.
 * Nothing is owned. Called by the verb import. */
#ifndef CG_TOOLS_IMPORT_REPORT_H
#define CG_TOOLS_IMPORT_REPORT_H

#include "lint/lint.h"
#include "plan.h"

enum cg_import_grade {
    CG_GRADE_GOOD = 0,
    CG_GRADE_RENEW,   /* a renewal fixes it */
    CG_GRADE_REPLACE, /* the plugin refuses it */
};

/* Called for the errors and warnings first, then for the names; arguments are borrowed. is_of_ca: the finding is about the
 * CA's own certificate or key. why: "" for CG_GRADE_GOOD. */
struct cg_import_report_visitor {
    void (*finding)(void *context, const struct cg_lint_finding *finding, bool is_of_ca);
    void (*name)(void *context, const char *name, enum cg_import_grade grade, const char *why);
    void *context;
};

bool cg_import_report(const struct cg_import_request *request, const struct cg_import_report_visitor *visitor,
                      struct cg_error *err);

#endif
