/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Writes the report as one HTML page with embedded styles, without network access or scripts. Called by the verb report. */
#ifndef CG_REPORT_PAGE_H
#define CG_REPORT_PAGE_H

#include "core/policy/policy.h"
#include "data.h"

struct cg_report_page {
    const struct cg_report *report; /* after cg_report_finish */
    const struct cg_policy *policy; /* of --policy, or NULL */
    const char *policy_text;        /* its text */
    double foreign;                 /* lines of the logs that are not events */
};

void cg_report_page(FILE *out, const struct cg_report_page *page);

#endif
