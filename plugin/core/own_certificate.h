/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a refusal of the broker's own certificate means to its operator: whether time alone is at fault.
 * Nobody owns anything; called by snapshot, tls and broker. */
#ifndef CG_OWN_CERTIFICATE_H
#define CG_OWN_CERTIFICATE_H

#include "core/path/verdict.h"

/* Of a refusal: what to name. Time alone is at fault where the clock, a new CRL or a renewal satisfies every rule again: such a
 * broker may start, serve what needs no certificate, and wait. Else the first rule that none of these satisfies. */
struct cg_own_fault {
    enum cg_reason reason; /* CG_REASON_OK: accepted */
    bool of_time;
    const char *detail; /* of the verdict: borrowed */
};
struct cg_own_fault cg_own_fault(const struct cg_verdict *verdict);

/* Does the detail of this reason hold a time, or a CRL's number? Then it changes while the fault is the same. */
bool cg_own_detail_moves(enum cg_reason reason);

#endif
