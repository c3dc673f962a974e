/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The grades of an adopted CA: what the plugin and lint say about it and about each name, and what to replace.
 * Nothing is owned. Called by import. */
#ifndef CG_TOOLS_IMPORT_REPORT_H
#define CG_TOOLS_IMPORT_REPORT_H

#include "lint/lint.h"
#include "plan.h"

enum cg_import_grade {
    CG_GRADE_GOOD = 0,
    CG_GRADE_RENEW,   /* a renewal heals it */
    CG_GRADE_REPLACE, /* the plugin refuses it */
};

/* Gets the findings first, errors and warnings, and then the names; what it gets is good until it returns.
 * is_of_ca: of the CA's own certificate or key, and not of a name. why: "" for a good one. */
struct cg_import_report_visitor {
    void (*finding)(void *context, const struct cg_lint_finding *finding, bool is_of_ca);
    void (*name)(void *context, const char *name, enum cg_import_grade grade, const char *why);
    void *context;
};

bool cg_import_report(const struct cg_import_request *request, const struct cg_import_report_visitor *visitor,
                      struct cg_error *err);

#endif
