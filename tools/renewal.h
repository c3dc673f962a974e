/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When a certificate is due for renewal: at 2/3 of its life, at 1/2 where that is 10 days or less, and up to 1/20 of
 * its life later, by its own serial number, so that a fleet does not renew in one minute.
 * Nothing is owned. Called by renew, needs-renewal, status and doctor. */
#ifndef CG_RENEWAL_H
#define CG_RENEWAL_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970; false when the certificate's dates are malformed. */
bool cg_renewal_due(const X509 *cert, int64_t *due);

/* From when on it is a fault that nothing renewed it: a day later, so that timers have run, and no later than half-way to its end. */
bool cg_renewal_overdue(const X509 *cert, int64_t *overdue);

#endif
