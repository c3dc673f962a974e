/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks live connections against a new snapshot, in a separate thread, with the same cg_check() as the handshake. Signatures
 * of a path that was accepted once are not verified again. One pass: start it, wait until it is done, get the results, free
 * it. Owned by session_enforcement.c; main thread only, except for its own thread. */
#ifndef CG_RECHECK_H
#define CG_RECHECK_H

#include "core/base/error.h"
#include "core/snapshot.h"
#include "tls/conn/conn.h"

struct cg_recheck;

struct cg_recheck_result {
    struct cg_conn *conn;  /* NULL: it has ended */
    enum cg_reason reason; /* CG_REASON_OK: still accepted */
    int64_t not_after;     /* as in struct cg_verdict */
    char *detail;          /* owned by the pass; NULL if accepted */
    X509 *authority;       /* owned by the pass: the rejected CA; NULL: the peer's own certificate is rejected */
    int depth;             /* of authority in the path */
};

/* The data of a live connection that a verdict needs, for use in another thread. */
struct cg_recheck_subject {
    STACK_OF(X509) *path; /* owned references, leaf first; empty without a certificate */
    bool known;           /* its signatures were verified; otherwise they or trust were only audited */
    bool psk;
    enum cg_role role;
    uint16_t listener;
};
bool cg_recheck_subject_of(const struct cg_conn *conn, struct cg_recheck_subject *out); /* false: out of memory */
void cg_recheck_subject_clear(struct cg_recheck_subject *subject);

/* The verdict of this snapshot at now (wall clock, s). Any thread; the caller clears *out. */
void cg_recheck_run(const struct cg_snapshot *snapshot, const struct cg_recheck_subject *subject, int64_t now,
                    struct cg_verdict *out);

/* The same for a connection; main thread. Rejected if memory runs out. */
void cg_recheck_conn(const struct cg_snapshot *snapshot, const struct cg_conn *conn, int64_t now,
                     struct cg_verdict *out);

/* The CA that a verdict rejects, borrowed; NULL: the end entity, or the path as a whole. */
X509 *cg_recheck_authority(const struct cg_verdict *verdict);

/* Starts a pass over all established connections with a different snapshot. now: wall clock, s. NULL: out of memory, or no
 * thread; try again later. */
struct cg_recheck *cg_recheck_start(struct cg_snapshot *snapshot, int64_t now);

/* To be called before the connection is freed. Removes it from the pass, which takes ownership of conn->path if its thread
 * may be using it. */
void cg_recheck_forget(struct cg_conn *conn);

bool cg_recheck_is_done(const struct cg_recheck *recheck);

/* Once it is done: the next result, NULL after the last. */
const struct cg_recheck_result *cg_recheck_next(struct cg_recheck *recheck);

struct cg_snapshot *cg_recheck_snapshot(const struct cg_recheck *recheck); /* borrowed */

void cg_recheck_free(struct cg_recheck *recheck); /* waits for the thread; accepts NULL */

#endif
