/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reports a new snapshot and its changes: keys of the policy, anchors, CRL numbers, and serial numbers of credentials. Also
 * warns of a cipher list without ciphers for pre-shared keys. Keeps nothing. Called by apply_reload.c. */
#ifndef CG_SNAPSHOT_DIFF_H
#define CG_SNAPSHOT_DIFF_H

#include "broker/event/reporter.h"

#include "core/snapshot.h"

/* old is NULL at the start. */
void cg_snapshot_diff_report(struct cg_reporter *reporter, const struct cg_snapshot *old,
                             const struct cg_snapshot *next);

#endif
