/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The effective settings of the policy as a table, and its text. Called by page.c. */
#ifndef CG_REPORT_POLICY_H
#define CG_REPORT_POLICY_H

#include "core/policy/policy.h"

#include <stdio.h>

/* text: the contents of the file. */
void cg_report_policy(FILE *out, const struct cg_policy *policy, const char *text);

#endif
