/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Live sessions do not outlive their certificates: ended when a certificate of the path expires, and when a new
 * snapshot revokes or no longer accepts it. Owned by the plugin's state; main thread only. */
#ifndef CG_LIVE_H
#define CG_LIVE_H

#include "report.h"

#include "core/snapshot.h"
#include "tls/conn.h"

struct cg_live;

/* Ends the session of a connection, by the broker's own means where it has a client id (MQTT 5 clients get a
 * DISCONNECT), else by shutdown of its socket. */
typedef void (*cg_live_end_fn)(struct cg_conn *conn, bool send_will);

struct cg_live *cg_live_new(struct cg_reporter *reporter, cg_live_end_fn end); /* NULL without memory */
void cg_live_free(struct cg_live *live);

/* A handshake was accepted: by which snapshot, until when. */
void cg_live_accepted(struct cg_live *live, const struct cg_conn *conn, const struct cg_snapshot *current);

/* The connection is about to be freed. */
void cg_live_ended(struct cg_live *live, struct cg_conn *conn);

/* Does what is due, in slices of a few ms. first: all records. now: wall clock, s. Returns the ms until it wants to be
 * called again, -1 for whenever. */
int64_t cg_live_pulse(struct cg_live *live, struct cg_conn *first, struct cg_snapshot *current, int64_t now);

/* Ends a session because a person wants it, whatever the policy says of sessions. The record may be freed when this
 * returns. */
void cg_live_end(struct cg_live *live, struct cg_conn *conn, const struct cg_snapshot *current, const char *detail);

/* A new snapshot serves: every session that an older one accepted is due for a check. */
void cg_live_swapped(struct cg_live *live);

#endif
