/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Explains why the broker's own certificate is refused: only because of dates, or for another reason. Stateless.
 * Called by snapshot, tls and broker. */
#ifndef CG_OWN_CERTIFICATE_H
#define CG_OWN_CERTIFICATE_H

#include "core/path/verdict.h"

/* The fault to report for a refusal. of_time: the clock, a new CRL or a renewal can satisfy every failed rule, so the
 * broker may start, serve what needs no certificate, and wait. Otherwise, reason is the first rule that none of these
 * can satisfy. */
struct cg_own_fault {
    enum cg_reason reason; /* CG_REASON_OK: accepted */
    bool of_time;
    const char *detail; /* of the verdict: borrowed */
};
struct cg_own_fault cg_own_fault(const struct cg_verdict *verdict);

/* Does the detail of this reason contain a time or a CRL number? Then it changes although the fault is the same. */
bool cg_own_detail_varies(enum cg_reason reason);

#endif
