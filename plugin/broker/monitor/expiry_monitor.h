/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Warns before things expire: credentials, anchors, intermediates, connected clients and CRLs; each once for each of
 * the policy's distances, however often it connects. Owned by the plugin's state; main thread only. */
#ifndef CG_EXPIRY_MONITOR_H
#define CG_EXPIRY_MONITOR_H

#include "broker/event/reporter.h"

#include "core/snapshot.h"
#include "tls/conn/conn.h"

struct cg_expiry_monitor;

struct cg_expiry_monitor *cg_expiry_monitor_new(struct cg_reporter *reporter); /* NULL without memory */
void cg_expiry_monitor_free(struct cg_expiry_monitor *expiry_monitor);

/* A client connected. now: wall clock, s. */
void cg_expiry_monitor_accepted(struct cg_expiry_monitor *expiry_monitor, const struct cg_conn *conn,
                                const struct cg_policy *policy, int64_t now);

/* A new snapshot serves: look at it at the next pulse. */
void cg_expiry_monitor_on_snapshot(struct cg_expiry_monitor *expiry_monitor);

/* Looks at everything from time to time, in slices, and in the second in which something that it saw comes to one of the
 * distances. Returns ms until it has more to do, -1 for whenever. */
int64_t cg_expiry_monitor_poll(struct cg_expiry_monitor *expiry_monitor, const struct cg_snapshot *current,
                               int64_t now);

#endif
