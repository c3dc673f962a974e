/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What has to be done from time to time, part by part, and how the broker is made to wake for it. Nothing here waits.
 * Main thread only. Called by plugin.c (ticks), handshake.c where the broker does not tick, and auth.c. */
#ifndef CG_HOUSEKEEPING_H
#define CG_HOUSEKEEPING_H

#include "state.h"

/* Does what is due. Any record may be freed by it. Returns the ms until it wants to be called again: 1 to 100. */
int64_t cg_housekeeping(struct cg_state *state);

int64_t cg_housekeeping_tick(struct cg_state *state); /* the same, called by the broker */

/* The broker reloads its configuration: reloads ours too. */
void cg_housekeeping_broker_reloads(struct cg_state *state);

/* To be called when a client with TLS has connected: by then a broker that ticks has ticked. One that did not is woken. */
void cg_housekeeping_ensure_ticks(struct cg_state *state, const struct cg_conn *conn);

#endif
