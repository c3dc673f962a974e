/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which keys differ between two policies, for the event that tells of a new one. Pure; nothing is kept.
 * Called by snapshot_load.c, since a long deny list takes its time. */
#ifndef CG_POLICY_CHANGES_H
#define CG_POLICY_CHANGES_H

#include "policy.h"

#include <stddef.h>

/* "$.sessions, $.client.max_depth": what the new text has otherwise, has in addition, or lacks; at most eight places, then "...".
 * "" when they say the same, or without memory. */
void cg_policy_changes(const struct cg_policy *old, const struct cg_policy *fresh, char *out, size_t size);

#endif
