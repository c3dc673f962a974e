/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The report as one page of HTML that needs nothing else: no network, no script, styles inside. Called by verb_report. */
#ifndef CG_REPORT_PAGE_H
#define CG_REPORT_PAGE_H

#include "core/policy/policy.h"
#include "data.h"

struct cg_report_page {
    const struct cg_report *report; /* finished */
    const struct cg_policy *policy; /* of --policy, or NULL */
    const char *policy_text;        /* its text */
    const char *title;
    double foreign; /* lines of the logs that were no events */
};

void cg_report_page(FILE *out, const struct cg_report_page *page);

#endif
