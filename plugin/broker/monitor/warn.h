/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Warns before things expire: credentials, anchors, intermediates, connected clients and CRLs; each once for each of
 * the policy's distances, however often it connects. Owned by the plugin's state; main thread only. */
#ifndef CG_WARN_H
#define CG_WARN_H

#include "broker/event/report.h"

#include "core/snapshot.h"
#include "tls/conn/conn.h"

struct cg_warner;

struct cg_warner *cg_warner_new(struct cg_reporter *reporter); /* NULL without memory */
void cg_warner_free(struct cg_warner *warner);

/* A client connected. now: wall clock, s. */
void cg_warner_accepted(struct cg_warner *warner, const struct cg_conn *conn, const struct cg_policy *policy,
                        int64_t now);

/* A new snapshot serves: look at it at the next pulse. */
void cg_warner_swapped(struct cg_warner *warner);

/* Looks at everything from time to time, in slices, and in the second in which something that it saw comes to one of the
 * distances. Returns ms until it has more to do, -1 for whenever. */
int64_t cg_warner_pulse(struct cg_warner *warner, const struct cg_snapshot *current, int64_t now);

#endif
