/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The policy as a table of what it means, and its text. Called by page.c. */
#ifndef CG_REPORT_POLICY_H
#define CG_REPORT_POLICY_H

#include "core/policy/policy.h"

#include <stdio.h>

/* text: of the file, as read. */
void cg_report_policy(FILE *out, const struct cg_policy *policy, const char *text);

#endif
