/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When the names of a CA are due for renewal (core/renewal/due.h), and whether a renewal is complete. Nothing is owned. Called by
 * renew, needs-renewal, status and doctor. */
#ifndef CG_DEPLOY_RENEWAL_H
#define CG_DEPLOY_RENEWAL_H

#include "core/renewal/due.h"
#include "store/live.h"

/* cg_renewal_due of one of many. False also if it could not be read. */
bool cg_renewal_due_of(const struct cg_live *live, int64_t now, int64_t *due);

/* The time after which a missing renewal is an error: a day later, so that timers have run, at most half-way to its end. */
bool cg_renewal_overdue(const X509 *cert, int64_t now, int64_t *overdue);
int64_t cg_renewal_overdue_from(int64_t due, int64_t end); /* the same of its dates */

/* True if a renewal is not complete, because its deployment failed or the run was killed: a target does not have the live
 * files, its hook has not succeeded, or a rotation is undecided. The next renew completes it, so it is due too. Also true
 * if that cannot be read: renew reports the reason. False if the live certificate is revoked or has expired, since it is not
 * deployed, and for a name without a record (live.h). */
bool cg_renewal_is_unfinished(const struct cg_ca *ca, const char *name);

#endif
