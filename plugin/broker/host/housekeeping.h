/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Periodic work of all parts, and waking the broker for it. Never waits. Main thread only. Called by plugin.c (ticks),
 * handshake.c (if the broker does not tick) and auth.c. */
#ifndef CG_HOUSEKEEPING_H
#define CG_HOUSEKEEPING_H

#include "state.h"

/* Does the work that is due. May free any connection record. Returns the ms until the next call: 1 to 100. */
int64_t cg_housekeeping(struct cg_state *state);

int64_t cg_housekeeping_tick(struct cg_state *state); /* the same, for the broker's TICK */

/* A client waits for something that housekeeping does: a broker without ticks is woken at once. */
void cg_housekeeping_soon(struct cg_state *state);

/* The broker reloads its configuration: reloads the plugin's files too. */
void cg_housekeeping_on_reload(struct cg_state *state);

/* To be called when a client with TLS has connected. Starts the thread that wakes the broker; a broker without ticks is
 * woken for all work. */
void cg_housekeeping_ensure_ticks(struct cg_state *state, const struct cg_conn *conn);

#endif
