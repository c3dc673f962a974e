/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks live connections against a new snapshot, in a thread of its own, with the same cg_check as the handshake:
 * the signatures of a path that was accepted hold for ever and are not computed again.
 * One pass: start, poll until it is over, take the results in slices, free. Owned by session_enforcement.c; main thread only, but for
 * the thread inside. */
#ifndef CG_RECHECK_H
#define CG_RECHECK_H

#include "core/base/error.h"
#include "core/snapshot.h"
#include "tls/conn/conn.h"

struct cg_recheck;

struct cg_recheck_result {
    struct cg_conn *conn;  /* NULL: it ended meanwhile */
    enum cg_reason reason; /* CG_REASON_OK: still accepted */
    int64_t not_after;     /* as in struct cg_verdict */
    char *detail;          /* owned by the pass; NULL when accepted */
    X509 *authority;       /* owned by the pass: the CA at fault; NULL: it is the peer's own certificate */
    int depth;             /* of it in its path */
};

/* What a verdict on a live connection needs of it, so that a thread can ask without the connection. */
struct cg_recheck_subject {
    STACK_OF(X509) *path; /* owned references, leaf first; empty without a certificate */
    bool known;           /* the path was accepted before; else the leaf alone (trust was only audited) */
    bool psk;
    enum cg_role role;
    uint16_t listener;
};
bool cg_recheck_subject_of(const struct cg_conn *conn, struct cg_recheck_subject *out); /* false without memory */
void cg_recheck_subject_clear(struct cg_recheck_subject *subject);

/* Would this snapshot accept it now? Any thread; the caller clears *out. */
void cg_recheck_run(const struct cg_snapshot *snapshot, const struct cg_recheck_subject *subject, int64_t now,
                    struct cg_verdict *out);

/* The CA that a verdict finds fault with, borrowed; NULL: the end entity, or the path as a whole. */
X509 *cg_recheck_authority(const struct cg_verdict *verdict);

/* Takes every established connection whose snapshot is not this one. NULL without memory or thread: try
 * again later. */
struct cg_recheck *cg_recheck_start(struct cg_snapshot *snapshot, int64_t now);

/* The connection is about to be freed: conn->session->recheck, its place in a pass, points nowhere any more, and the pass takes
 * over conn->path while it runs. */
void cg_recheck_forget(struct cg_conn *conn);

bool cg_recheck_is_done(const struct cg_recheck *recheck);

/* Once it is over: the next result, NULL after the last. */
const struct cg_recheck_result *cg_recheck_next(struct cg_recheck *recheck);

struct cg_snapshot *cg_recheck_snapshot(const struct cg_recheck *recheck); /* borrowed */

void cg_recheck_free(struct cg_recheck *recheck); /* waits for the thread; NULL is fine */

#endif
