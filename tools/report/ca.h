/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a CA's folder and a policy tell a report: what was issued and ends when; CA certificates, CRLs and the broker's
 * credentials, and whether they load as the plugin would load them. Nothing is owned. Called by verb_report. */
#ifndef CG_REPORT_CA_H
#define CG_REPORT_CA_H

#include "cli/cli.h"
#include "core/policy/policy.h"
#include "data.h"

/* False: the folder of -C cannot be read as a CA. */
bool cg_report_ca(struct cg_report *report, const struct cg_cli *cli, struct cg_error *err);

/* The files that the policy names; what does not load is a line of the report, no fault. */
void cg_report_policy_files(struct cg_report *report, const struct cg_policy *policy);

#endif
