/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks the certificates of the broker's listeners against the server rules. Reports each certificate once when a listener
 * rejects it, and once when it is accepted again. Owned by the plugin's state; main thread only. */
#ifndef CG_OWN_MONITOR_H
#define CG_OWN_MONITOR_H

#include "broker/event/reporter.h"

#include "core/snapshot.h"

struct cg_own_monitor;

struct cg_own_monitor *cg_own_monitor_new(struct cg_reporter *reporter); /* NULL: out of memory */
void cg_own_monitor_free(struct cg_own_monitor *monitor);                /* accepts NULL */

/* To be called once the listeners exist. False: one of the broker's certificates is accepted by no listener, and
 * this is no time fault. It has been reported, and the broker must end. */
bool cg_own_monitor_start(struct cg_own_monitor *monitor, const struct cg_snapshot *current);

/* Checks the certificates when due: after a change, and every second while one is rejected. Credentials that were held are
 * served once they pass. now: wall clock, s. Returns the ms until the next call is needed. */
int64_t cg_own_monitor_poll(struct cg_own_monitor *monitor, const struct cg_snapshot *current, int64_t now);
void cg_own_monitor_changed(struct cg_own_monitor *monitor); /* a new snapshot or SIGHUP: checks at the next poll */

/* Reports that the broker does not start because of a credential in the policy. */
void cg_own_report_rejected(struct cg_reporter *reporter, enum cg_reason reason, const struct cg_error *err);

#endif
