/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Live sessions do not outlive what they were accepted for: they end when a certificate of the path expires, when a new
 * snapshot revokes or no longer accepts it, when the client's identity or id no longer fits, and when clients without TLS
 * are no longer allowed.
 *
 * Sessions are marked where they are judged, which frees nothing. They are ended in one place, the last act of a poll: that
 * may free any record. No function here takes or keeps a place in a list across it.
 * Owned by the plugin's state; main thread only. */
#ifndef CG_SESSION_ENFORCEMENT_H
#define CG_SESSION_ENFORCEMENT_H

#include "broker/event/reporter.h"
#include "broker/listener/listening.h"
#include "client_map.h"

#include "core/snapshot.h"
#include "tls/conn/conn.h"

struct cg_enforcement;

struct cg_enforcement_ops {
    struct cg_reporter *reporter;
    struct cg_client_map *clients;
    /* Ends the broker's session of a client id: MQTT 5 clients get a DISCONNECT, and the will can be held back. The id may
     * be freed meanwhile: it is for looking the session up. */
    void (*kick)(const char *client_id, bool send_will);
};

struct cg_enforcement *cg_enforcement_new(const struct cg_enforcement_ops *ops); /* NULL without memory */
void cg_enforcement_free(struct cg_enforcement *enforcement);

/* A handshake was accepted: by which snapshot, until when. */
void cg_enforcement_accepted(struct cg_enforcement *enforcement, const struct cg_conn *conn,
                             const struct cg_snapshot *current);

/* The connection is about to be freed. */
void cg_enforcement_ended(struct cg_enforcement *enforcement, struct cg_conn *conn);

/* A new snapshot serves: every session that an older one accepted is due for a check. */
void cg_enforcement_on_snapshot(struct cg_enforcement *enforcement);

/* Judges what is due, in slices of a few ms. unknown: the answer for clients without TLS whose listener the broker does
 * not tell; while it is CG_PLAINTEXT_PROBING none of them is judged. now: wall clock, s. Returns the ms until it wants to be
 * called again, -1 for whenever. */
int64_t cg_enforcement_check(struct cg_enforcement *enforcement, struct cg_snapshot *current,
                             enum cg_plaintext_answer unknown, int64_t now);

/* Marks a session because a person wants it ended, whatever the policy says of sessions. */
void cg_enforcement_mark(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_snapshot *current,
                         const char *detail);

/* Ends what is marked, in slices of a few ms. To be called last: any record may be freed. Returns as above. */
int64_t cg_enforcement_end(struct cg_enforcement *enforcement);

#endif
