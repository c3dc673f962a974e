/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Watches what the broker's listeners would serve against the server rules: each certificate that a listener refuses to serve
 * is reported once, and again when it is accepted.
 * Owned by the plugin's state; main thread only. */
#ifndef CG_OWN_MONITOR_H
#define CG_OWN_MONITOR_H

#include "broker/event/reporter.h"

#include "core/snapshot.h"

struct cg_own_monitor;

struct cg_own_monitor *cg_own_monitor_new(struct cg_reporter *reporter); /* NULL without memory */
void cg_own_monitor_free(struct cg_own_monitor *watch);                  /* NULL is fine */

/* Once the listeners exist. False: no listener accepts one of the broker's own certificates, and time does not fix that. It
 * is reported, and the broker must end. */
bool cg_own_monitor_start(struct cg_own_monitor *watch, const struct cg_snapshot *current);

/* Looks when it is time to: soon after anything changed, each second while one is refused. Credentials that were held are
 * served from then on. Returns ms until it wants to be called again. */
int64_t cg_own_monitor_poll(struct cg_own_monitor *watch, const struct cg_snapshot *current, int64_t now);
void cg_own_monitor_changed(struct cg_own_monitor *watch); /* a new snapshot, or SIGHUP: look at the next poll */

/* The load at the start failed on a credential of the policy, for this reason: written where events go. */
void cg_own_report_rejected(struct cg_reporter *reporter, enum cg_reason reason, const struct cg_error *err);

#endif
