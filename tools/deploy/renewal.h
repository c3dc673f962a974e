/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When a certificate is due for renewal: at 2/3 of its life, at 1/2 where that is 10 days or less, and up to 1/20 of
 * its life later, by its own serial number, so that a fleet does not renew in one minute.
 * Nothing is owned. Called by renew, needs-renewal, status and doctor. */
#ifndef CG_RENEWAL_H
#define CG_RENEWAL_H

#include "store/store.h"

/* Seconds since 1970; now for a certificate of the future, which a clock made that was ahead: nobody takes it until
 * then. False when its dates are malformed. */
bool cg_renewal_due(const X509 *cert, int64_t now, int64_t *due);

/* From when on it is a fault that nothing renewed it: a day later, so that timers have run, and no later than half-way to its end. */
bool cg_renewal_overdue(const X509 *cert, int64_t now, int64_t *overdue);

/* A renewal that was not brought out whole, since its deployment failed or the run was killed: a target holds something
 * else than what is live, or a rotation was not decided. The next renew ends it, so that is due too. What cannot be
 * looked at counts: renew says why. Not so a live certificate that is revoked or over, which is not deployed. */
bool cg_renewal_is_unfinished(const struct cg_ca *ca, const char *name, int64_t now);

#endif
