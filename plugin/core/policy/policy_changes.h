/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The keys in which two policies differ, for the event about a new policy. Pure; nothing is kept.
 * Called by snapshot_load.c, since comparing long deny lists takes time. */
#ifndef CG_POLICY_CHANGES_H
#define CG_POLICY_CHANGES_H

#include "policy.h"

#include <stddef.h>

/* Writes the keys that changed, were added or were removed, as "$.sessions, $.client.max_depth": at most eight, then
 * "...". "" if there are none, or if out of memory. */
void cg_policy_changes(const struct cg_policy *old, const struct cg_policy *updated, char *out, size_t size);

#endif
