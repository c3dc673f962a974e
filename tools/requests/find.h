/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Finds the certificates of requests in the index and the archive, and who succeeded them. A certificate that this CA did not issue
 * octet for octet is refused. Nothing is written. Called by sign and the verb. */
#ifndef CG_REQUESTS_FIND_H
#define CG_REQUESTS_FIND_H

#include "case.h"

/* Clear the cases in every case. */
bool cg_cases_find(struct cg_cases *cases, const struct cg_issuer *issuer, const struct cg_source *source,
                   struct cg_error *err);
bool cg_cases_find_again(struct cg_cases *cases, struct cg_error *err); /* after a change of the archive */

#endif
