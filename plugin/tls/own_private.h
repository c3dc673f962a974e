/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One certificate of the broker's own and the rules of one listener. Called by own_certificate.c and own_look.c. */
#ifndef CG_TLS_OWN_PRIVATE_H
#define CG_TLS_OWN_PRIVATE_H

#include "own_certificate.h"
#include "private.h"

/* It has a certificate, and is no bridge's. */
bool cg_own_is_listeners(const struct cg_context *context);

/* Sets what a verdict sets: certificate, reason, of_time and detail. No memory, no chain: refused. */
void cg_own_judge(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy,
                  const struct cg_context *context, struct cg_own_state *out);

#endif
