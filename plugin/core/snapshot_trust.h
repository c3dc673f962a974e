/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The trust stores of a snapshot, and the numbers of CRLs that were in use. Called by snapshot_load.c once
 * fresh->policy is set. */
#ifndef CG_SNAPSHOT_TRUST_H
#define CG_SNAPSHOT_TRUST_H

#include "snapshot_loading.h"

/* Each returns false if the load ends, with stage and err set. */
bool cg_loading_load_trust(struct cg_loading *loading);    /* everything that a new policy names, or nothing */
bool cg_loading_refresh_trust(struct cg_loading *loading); /* the policy is unchanged: each store separately */
bool cg_loading_raise_numbers(struct cg_loading *loading); /* records the CRLs of the stores as in use */

bool cg_snapshot_same_trusts(const struct cg_snapshot *a,
                             const struct cg_snapshot *b); /* do both share the same stores? */

#endif
