/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Another snapshot serves: it becomes the state's, and its parts are told so. All of it happens at calls with a name: reading
 * state->snapshot takes nothing.
 * Main thread only. Called by lifecycle.c (the first one), housekeeping.c, and handshake.c. */
#ifndef CG_APPLY_RELOAD_H
#define CG_APPLY_RELOAD_H

#include "state.h"

/* Makes fresh the current snapshot, numbers it and tells so. Takes over the caller's reference. */
void cg_apply_snapshot(struct cg_state *state, struct cg_snapshot *fresh);

/* Takes what the thread that watches the files has ready, if anything: a snapshot, what stays what it was. Never waits. To
 * be called by the housekeeping, and before a handshake begins: that must be judged by the newest. */
void cg_apply_reload(struct cg_state *state);

/* SIGHUP, or an administrator: reopens the log, looks at the files at once. What they hold is there at a later call of the
 * one above. */
void cg_request_reload(struct cg_state *state);

/* The file of CRL numbers was not there and was made. */
void cg_report_numbers_created(struct cg_state *state);

#endif
