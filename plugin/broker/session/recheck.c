/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "recheck.h"

#include "broker/base/thread.h"
#include "session.h"

#include "core/peer.h"
#include "tls/hook.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct item {
    struct cg_recheck_result result; /* first: conn->session->recheck points to it */
    struct cg_recheck_subject subject;
    bool borrowed; /* subject.path belongs to the connection; cg_recheck_forget() takes it over */
};

struct cg_recheck {
    pthread_t thread;
    struct cg_snapshot *snapshot; /* reference */
    int64_t now;
    struct item *item;
    size_t count, taken;
    atomic_bool stop, done;
};

void cg_recheck_run(const struct cg_snapshot *snapshot, const struct cg_recheck_subject *subject, int64_t now,
                    struct cg_verdict *out)
{
    const struct cg_peer peer = {
        .role = subject->role,
        .port = subject->listener,
        .leaf = sk_X509_value(subject->path, 0),
        .sent = subject->path,
        .known_path = subject->known ? subject->path : NULL,
        .psk = subject->psk,
    };
    cg_check_peer(snapshot, &peer, now, out);
}

void cg_recheck_conn(const struct cg_snapshot *snapshot, const struct cg_conn *conn, int64_t now,
                     struct cg_verdict *out)
{
    struct cg_recheck_subject subject = {0};
    *out = (struct cg_verdict){.reason = CG_REASON_NO_MEMORY, .detail = "out of memory"};
    if (cg_recheck_subject_of(conn, &subject))
        cg_recheck_run(snapshot, &subject, now, out);
    cg_recheck_subject_clear(&subject);
}

X509 *cg_recheck_authority(const struct cg_verdict *verdict)
{
    return verdict->depth > 0 ? sk_X509_value(verdict->path, verdict->depth) : NULL;
}

static void check_item(const struct cg_recheck *recheck, struct item *item)
{
    struct cg_verdict verdict;
    cg_recheck_run(recheck->snapshot, &item->subject, recheck->now, &verdict);
    item->result.reason = verdict.decision == CG_ACCEPT ? CG_REASON_OK : verdict.reason;
    item->result.not_after = verdict.not_after;
    if (item->result.reason != CG_REASON_OK) {
        X509 *authority = cg_recheck_authority(&verdict);
        item->result.detail = strdup(verdict.detail);
        item->result.authority = authority && X509_up_ref(authority) ? authority : NULL;
        item->result.depth = verdict.depth;
    }
    cg_verdict_clear(&verdict);
}

static void *run(void *argument)
{
    struct cg_recheck *recheck = argument;
    for (size_t i = 0; i < recheck->count && !atomic_load(&recheck->stop); i++)
        check_item(recheck, &recheck->item[i]);
    atomic_store(&recheck->done, true);
    return NULL;
}

static bool is_due(const struct cg_conn *conn, const struct cg_snapshot *snapshot)
{
    return conn->state == CG_CONN_ESTABLISHED && conn->snapshot != snapshot;
}

static void copy_attributes(const struct cg_conn *conn, struct cg_recheck_subject *out)
{
    out->known = conn->path && conn->signatures_hold;
    out->psk = conn->psk;
    out->role = conn->role;
    out->listener = conn->listener;
}

bool cg_recheck_subject_of(const struct cg_conn *conn, struct cg_recheck_subject *out)
{
    copy_attributes(conn, out);
    out->path = conn->path ? X509_chain_up_ref(conn->path) : sk_X509_new_null();
    if (!out->path || conn->path || !conn->peer_leaf)
        return out->path != NULL;
    if (!sk_X509_push(out->path, conn->peer_leaf))
        return false;
    X509_up_ref(conn->peer_leaf);
    return true;
}

void cg_recheck_subject_clear(struct cg_recheck_subject *subject)
{
    sk_X509_pop_free(subject->path, X509_free);
    subject->path = NULL;
}

/* Paths are not copied if possible: the main thread collects thousands of them at once. */
static bool take_subject(struct item *item, struct cg_conn *conn)
{
    item->borrowed = conn->path != NULL;
    if (!item->borrowed)
        return cg_recheck_subject_of(conn, &item->subject);
    copy_attributes(conn, &item->subject);
    item->subject.path = conn->path;
    return true;
}

static bool collect(struct cg_recheck *recheck)
{
    struct cg_conn *first = cg_hook_first();
    size_t count = 0;
    for (const struct cg_conn *conn = first; conn; conn = conn->next)
        count += is_due(conn, recheck->snapshot);
    recheck->item = calloc(count ? count : 1, sizeof *recheck->item);
    if (!recheck->item)
        return false;
    for (struct cg_conn *conn = first; conn; conn = conn->next) {
        if (!is_due(conn, recheck->snapshot))
            continue;
        struct item *item = &recheck->item[recheck->count++];
        if (!take_subject(item, conn))
            return false;
        item->result.conn = conn;
        conn->session->recheck = &item->result;
    }
    return true;
}

static void destroy(struct cg_recheck *recheck)
{
    for (size_t i = 0; i < recheck->count; i++) {
        /* connections of returned results may be freed already */
        if (i >= recheck->taken && recheck->item[i].result.conn)
            recheck->item[i].result.conn->session->recheck = NULL;
        if (!recheck->item[i].borrowed)
            cg_recheck_subject_clear(&recheck->item[i].subject);
        free(recheck->item[i].result.detail);
        X509_free(recheck->item[i].result.authority);
    }
    free(recheck->item);
    cg_snapshot_free(recheck->snapshot);
    free(recheck);
}

struct cg_recheck *cg_recheck_start(struct cg_snapshot *snapshot, int64_t now)
{
    struct cg_recheck *recheck = calloc(1, sizeof *recheck);
    if (!recheck)
        return NULL;
    recheck->snapshot = cg_snapshot_ref(snapshot);
    recheck->now = now;
    if (collect(recheck) && cg_thread_start(&recheck->thread, run, recheck) == 0)
        return recheck;
    destroy(recheck);
    return NULL;
}

void cg_recheck_forget(struct cg_conn *conn)
{
    struct item *item = (struct item *)(void *)conn->session->recheck;
    conn->session->recheck = NULL;
    if (!item)
        return;
    item->result.conn = NULL;
    if (item->borrowed)
        conn->path = NULL; /* the thread may be reading it */
    item->borrowed = false;
}

bool cg_recheck_is_done(const struct cg_recheck *recheck)
{
    return atomic_load(&recheck->done);
}

const struct cg_recheck_result *cg_recheck_next(struct cg_recheck *recheck)
{
    struct cg_recheck_result *result = recheck->taken < recheck->count ? &recheck->item[recheck->taken++].result : NULL;
    if (result && result->conn)
        result->conn->session->recheck = NULL;
    return result;
}

struct cg_snapshot *cg_recheck_snapshot(const struct cg_recheck *recheck)
{
    return recheck->snapshot;
}

void cg_recheck_free(struct cg_recheck *recheck)
{
    if (!recheck)
        return;
    atomic_store(&recheck->stop, true);
    pthread_join(recheck->thread, NULL);
    destroy(recheck);
}
