/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the CA does about the requests that were found, by its own rules and clock: it trusts no check of the broker
 * (docs/renewal.md). Nothing is written. Called by the verb. */
#ifndef CG_REQUESTS_DECIDE_H
#define CG_REQUESTS_DECIDE_H

#include "ca/revoke.h"
#include "case.h"

/* Sets the states. */
bool cg_cases_decide(struct cg_cases *cases, struct cg_error *err);

/* After a revocation in the same run: what was revoked is not answered any more. */
void cg_cases_refuse_revoked(const struct cg_case_list *list, const struct cg_revoked *revoked);

#endif
