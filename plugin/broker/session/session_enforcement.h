/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Ends live sessions that the policy no longer accepts: a certificate of the path expires, a new snapshot revokes or rejects
 * it, the client's identity or id no longer matches, clients without TLS are no longer allowed, or a renewal takes too long.
 *
 * Checks only mark sessions and free nothing. cg_enforcement_end() ends the marked sessions, which may free any record, so it
 * is the last step of a poll. Nothing here keeps a position in a list across it.
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
    /* Ends the broker's session of a client id. MQTT 5 clients get a DISCONNECT, and the will can be withheld. client_id may be
     * freed during the call. */
    void (*kick)(const char *client_id, bool send_will);
};

struct cg_enforcement *cg_enforcement_new(const struct cg_enforcement_ops *ops); /* NULL: out of memory */
void cg_enforcement_free(struct cg_enforcement *enforcement);

/* A handshake was accepted. */
void cg_enforcement_accepted(struct cg_enforcement *enforcement, const struct cg_conn *conn,
                             const struct cg_snapshot *current);

/* The session only renews a certificate, and is ended after CG_RENEWS_FOR_MS, whatever the policy's "sessions" is. */
#define CG_RENEWS_FOR_MS 600000
void cg_enforcement_limit(struct cg_enforcement *enforcement, struct cg_conn *conn);

/* To be called before the connection is freed. */
void cg_enforcement_ended(struct cg_enforcement *enforcement, struct cg_conn *conn);

/* Increases when a session is accepted, marked or ended, and when the end of its certificates changes. */
uint64_t cg_enforcement_changes(const struct cg_enforcement *enforcement);

/* A new snapshot is in use: all sessions that an older one accepted must be checked. */
void cg_enforcement_on_snapshot(struct cg_enforcement *enforcement);

/* Checks sessions that are due, for a few ms. unknown: the answer for clients without TLS on an unknown listener; with
 * CG_PLAINTEXT_PROBING they are checked later. now: wall clock, s. Returns the ms until the next call is needed, -1 for
 * none. */
int64_t cg_enforcement_check(struct cg_enforcement *enforcement, struct cg_snapshot *current,
                             enum cg_plaintext_answer unknown, int64_t now);

/* Marks a session for an administrator, whatever the policy's "sessions" is. */
void cg_enforcement_mark(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_snapshot *current,
                         const char *detail);

/* Ends marked sessions for a few ms. May free any record, so it is called last. Returns as above. */
int64_t cg_enforcement_end(struct cg_enforcement *enforcement);

#endif
