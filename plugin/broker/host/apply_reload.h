/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Activates new snapshots: makes them the state's current snapshot and informs the other parts of the state. Main thread only.
 * Called by lifecycle.c (the first snapshot), housekeeping.c and handshake.c. */
#ifndef CG_APPLY_RELOAD_H
#define CG_APPLY_RELOAD_H

#include "state.h"

/* Makes next the current snapshot, numbers it and reports it. Takes over the caller's reference. */
void cg_apply_snapshot(struct cg_state *state, struct cg_snapshot *next);

/* Applies the results of the reload thread, if there are any. Never waits. Called by the housekeeping, and before each
 * handshake, which must use the newest snapshot. */
void cg_apply_reload(struct cg_state *state);

/* Reopens the event log and checks the files at once, on SIGHUP or for an administrator. A later cg_apply_reload() applies the
 * result. */
void cg_request_reload(struct cg_state *state);

/* Reports that the file of CRL numbers was missing and has been created. */
void cg_report_numbers_created(struct cg_state *state);

#endif
