/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When a certificate is due for renewal: after 2/3 of its lifetime, after 1/2 of a lifetime of at most 10 days, and up to
 * 1/20 of its lifetime later, depending on its serial number, so that a fleet does not renew in one minute. All times are in
 * seconds since 1970. Pure functions. Called by the broker layer and by the tool. */
#ifndef CG_RENEWAL_DUE_H
#define CG_RENEWAL_DUE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* *due is now if the certificate starts in the future, because it was made while the clock was ahead: it is not valid yet.
 * False if its dates are malformed. */
bool cg_renewal_due(const X509 *cert, int64_t now, int64_t *due);

/* The same of dates that were read before. share: the last octet of the serial number. */
bool cg_renewal_due_between(int64_t start, int64_t end, unsigned share, int64_t now, int64_t *due);

/* When a request is accepted at the earliest: after half of the lifetime. False if its dates are malformed. */
bool cg_renewal_opens(const X509 *cert, int64_t now, int64_t *opens);

#define CG_RENEWAL_MOVE_SPREAD (14 * INT64_C(86400)) /* s */

/* Of a certificate that must be replaced by one of another CA: the seconds until it is due, 0: now. A fleet spreads over
 * CG_RENEWAL_MOVE_SPREAD by serial number, without a start: each certificate has a fixed day of the period, and is due for
 * a day and a half from its beginning, so that a device that asks once a day is certain to learn it. */
int64_t cg_renewal_move_in(const X509 *cert, int64_t now);

#endif
