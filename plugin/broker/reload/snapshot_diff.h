/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Tells what a new snapshot brings: keys of the policy, anchors, CRL numbers, serial numbers of credentials, old and new.
 * Nothing is kept. Called by apply_reload.c. */
#ifndef CG_SNAPSHOT_DIFF_H
#define CG_SNAPSHOT_DIFF_H

#include "broker/event/reporter.h"

#include "core/snapshot.h"

/* old: NULL at the start. */
void cg_snapshot_diff_report(struct cg_reporter *reporter, const struct cg_snapshot *old,
                             const struct cg_snapshot *fresh);

#endif
