/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Warns before credentials, anchors, intermediates, certificates of connected clients and CRLs expire: once per time in
 * warn_before of the policy, even if a client reconnects. Owned by the plugin's state; main thread only. */
#ifndef CG_EXPIRY_MONITOR_H
#define CG_EXPIRY_MONITOR_H

#include "broker/event/reporter.h"

#include "core/snapshot.h"
#include "tls/conn/conn.h"

struct cg_expiry_monitor;

struct cg_expiry_monitor *cg_expiry_monitor_new(struct cg_reporter *reporter); /* NULL: out of memory */
void cg_expiry_monitor_free(struct cg_expiry_monitor *monitor);

/* A client connected. now: wall clock, s. */
void cg_expiry_monitor_accepted(struct cg_expiry_monitor *monitor, const struct cg_conn *conn,
                                const struct cg_policy *policy, int64_t now);

/* A new snapshot is in use: checks it at the next poll. */
void cg_expiry_monitor_on_snapshot(struct cg_expiry_monitor *monitor);

/* Checks everything periodically, a few ms per call, and in the second when the next warning is due. now: wall clock, s.
 * Returns the ms until it has more to do, -1 for none. */
int64_t cg_expiry_monitor_poll(struct cg_expiry_monitor *monitor, const struct cg_snapshot *current, int64_t now);

#endif
