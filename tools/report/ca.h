/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Fills a report from a CA's folder and a policy: expiry dates of issued certificates; the state of CA certificates, CRLs
 * and the broker's certificates, loaded as the plugin loads them. Nothing is owned. Called by the verb report. */
#ifndef CG_REPORT_CA_H
#define CG_REPORT_CA_H

#include "core/policy/policy.h"
#include "data.h"
#include "store/store.h"

/* Adds a CA that is open for reading. */
bool cg_report_ca(struct cg_report *report, const struct cg_ca *ca, struct cg_error *err);

/* Adds the files of the policy. A file that does not load is a line of the report, not an error. */
void cg_report_policy_files(struct cg_report *report, const struct cg_policy *policy);

#endif
