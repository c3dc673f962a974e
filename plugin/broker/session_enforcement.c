/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "live.h"

#include "clock.h"
#include "recheck.h"

#include "core/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS      5    /* the longest that one pulse may hold the broker's loop */
#define LOOK_AGAIN_MS 20   /* while a pass is under way */
#define RETRY_MS      1000 /* no memory or no thread for a pass */
#define NAMES_TOLD    8

struct cg_live {
    struct cg_reporter *reporter;
    cg_live_end_fn end;
    struct cg_recheck *pass; /* under way, or its results are being worked off */
    bool stale;              /* some session was accepted by an older snapshot, and no pass has begun for it */
    bool summed_up;          /* the summary of the pass was told */
    int64_t no_pass_before_ms;
    struct cg_conn *cursor; /* the next record of a scan: ending one session may end others */
    int64_t next_expiry;    /* wall clock, s: no session expires before; 0: none does */
};

struct cg_live *cg_live_new(struct cg_reporter *reporter, cg_live_end_fn end)
{
    struct cg_live *live = calloc(1, sizeof *live);
    if (!live)
        return NULL;
    live->reporter = reporter;
    live->end = end;
    return live;
}

void cg_live_free(struct cg_live *live)
{
    if (!live)
        return;
    cg_recheck_free(live->pass);
    free(live);
}

static void remember_expiry(struct cg_live *live, int64_t not_after)
{
    if (not_after && (!live->next_expiry || not_after < live->next_expiry))
        live->next_expiry = not_after;
}

void cg_live_accepted(struct cg_live *live, const struct cg_conn *conn, const struct cg_snapshot *current)
{
    remember_expiry(live, conn->not_after);
    /* Files changed while the handshake ran: it was judged by the snapshot that it began with. */
    live->stale = live->stale || conn->snapshot != current;
}

void cg_live_ended(struct cg_live *live, struct cg_conn *conn)
{
    if (live->cursor == conn)
        live->cursor = conn->next;
    cg_recheck_forget(conn);
}

void cg_live_swapped(struct cg_live *live)
{
    live->stale = true;
}

static const struct cg_listener_policy *terms_of(const struct cg_conn *conn, const struct cg_snapshot *current)
{
    return cg_policy_listener(current->policy, conn->role == CG_ROLE_BRIDGE ? 0 : conn->listener);
}

/* Ends it or reports it, as the policy says. The record may be freed when this returns. */
static void refuse(struct cg_live *live, struct cg_conn *conn, const struct cg_snapshot *current, enum cg_reason reason,
                   const char *detail)
{
    const struct cg_listener_policy *terms = terms_of(conn, current);
    conn->ending = terms->sessions == CG_SESSION_END;
    conn->reported = !conn->ending;
    struct cg_event event = {
        .type = terms->sessions == CG_SESSION_END ? CG_EVENT_SESSION_ENDED : CG_EVENT_SESSION_AUDITED,
        .reason = reason,
        .detail = detail,
        .conn = conn,
        .certificate = conn->peer_leaf,
        .client_id = conn->client_id,
    };
    cg_report(live->reporter, &event);
    if (conn->ending)
        live->end(conn, terms->send_will);
}

void cg_live_end(struct cg_live *live, struct cg_conn *conn, const struct cg_snapshot *current, const char *detail)
{
    const struct cg_event event = {
        .type = CG_EVENT_SESSION_ENDED,
        .reason = CG_REASON_ENDED_BY_ADMIN,
        .detail = detail,
        .conn = conn,
        .certificate = conn->peer_leaf,
        .client_id = conn->client_id,
    };
    conn->ending = true;
    cg_report(live->reporter, &event);
    live->end(conn, terms_of(conn, current)->send_will);
}

/* Sessions whose path has an expired certificate; a full scan only when the earliest of them is due. */
static void end_expired(struct cg_live *live, struct cg_conn *first, const struct cg_snapshot *current, int64_t now)
{
    if (!live->next_expiry || now <= live->next_expiry)
        return;
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    live->next_expiry = 0;
    for (struct cg_conn *conn = first; conn; conn = live->cursor) {
        live->cursor = conn->next;
        if (conn->state != CG_CONN_ESTABLISHED || !conn->not_after || conn->ending || conn->reported)
            continue;
        if (now <= conn->not_after || cg_clock_monotonic_ms() > until) {
            remember_expiry(live, conn->not_after);
            continue;
        }
        char detail[96], date[32];
        cg_time_text(conn->not_after, date, sizeof date);
        snprintf(detail, sizeof detail, "a certificate of the path expired at %s", date);
        refuse(live, conn, current, CG_REASON_EXPIRED, detail);
    }
}

/* Before anyone is cut off: how many, and who. */
static void sum_up(struct cg_live *live)
{
    char detail[400] = "";
    size_t checked = 0, refused = 0, len = 0;
    const struct cg_recheck_result *result;
    for (size_t i = 0; (result = cg_recheck_peek(live->pass, i)); i++) {
        if (!result->conn)
            continue;
        checked++;
        if (result->reason == CG_REASON_OK)
            continue;
        if (++refused > NAMES_TOLD || len >= sizeof detail)
            continue;
        const char *id = result->conn->client_id ? result->conn->client_id : result->conn->peer_text;
        char shown[40];
        cg_text_escape(id, strlen(id), shown, sizeof shown);
        int n = snprintf(detail + len, sizeof detail - len, "%s%s", len ? ", " : "", shown);
        len += n > 0 ? (size_t)n : 0;
    }
    if (!refused)
        return;
    char text[560];
    snprintf(text, sizeof text, "%zu of %zu live sessions are not accepted any more: %s%s", refused, checked, detail,
             refused > NAMES_TOLD ? ", ..." : "");
    const struct cg_event event = {.type = CG_EVENT_SESSIONS_CHECKED,
                                   .detail = text,
                                   .count = refused,
                                   .snapshot = cg_recheck_snapshot(live->pass)->number};
    cg_report(live->reporter, &event);
}

static void take_over(struct cg_conn *conn, struct cg_snapshot *snapshot, const struct cg_recheck_result *result)
{
    struct cg_snapshot *old = conn->snapshot;
    conn->snapshot = cg_snapshot_take(snapshot);
    if (conn->role == CG_ROLE_LISTENER)
        conn->policy = cg_policy_listener(snapshot->policy, conn->listener);
    conn->not_after = result->not_after;
    conn->reported = false;
    cg_snapshot_release(old);
}

/* Works off results until the slice is used up. True when none are left. */
static bool work_off(struct cg_live *live)
{
    struct cg_snapshot *snapshot = cg_recheck_snapshot(live->pass);
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    const struct cg_recheck_result *result;
    if (!live->summed_up)
        sum_up(live);
    live->summed_up = true;
    while ((result = cg_recheck_next(live->pass))) {
        struct cg_conn *conn = result->conn;
        if (!conn || conn->ending)
            continue;
        /* Reported ones too: what the new snapshot refuses is told once. */
        take_over(conn, snapshot, result);
        remember_expiry(live, conn->not_after);
        if (result->reason != CG_REASON_OK)
            refuse(live, conn, snapshot, result->reason, result->detail);
        if (cg_clock_monotonic_ms() > until)
            return false;
    }
    return true;
}

static int64_t recheck(struct cg_live *live, struct cg_conn *first, struct cg_snapshot *current, int64_t now)
{
    if (live->pass) {
        if (!cg_recheck_over(live->pass))
            return LOOK_AGAIN_MS;
        if (!work_off(live))
            return 1;
        cg_recheck_free(live->pass);
        live->pass = NULL;
    }
    if (!live->stale)
        return -1;
    int64_t now_ms = cg_clock_monotonic_ms();
    if (now_ms < live->no_pass_before_ms)
        return live->no_pass_before_ms - now_ms;
    live->pass = cg_recheck_start(first, current, now);
    live->no_pass_before_ms = live->pass ? 0 : now_ms + RETRY_MS;
    live->stale = !live->pass;
    live->summed_up = false;
    return live->pass ? LOOK_AGAIN_MS : RETRY_MS;
}

int64_t cg_live_pulse(struct cg_live *live, struct cg_conn *first, struct cg_snapshot *current, int64_t now)
{
    int64_t next = recheck(live, first, current, now);
    end_expired(live, first, current, now);
    if (!live->next_expiry)
        return next;
    /* It may be due already: the slice was used up. */
    int64_t expiry = now > live->next_expiry ? 1 : (live->next_expiry - now + 1) * 1000;
    return next < 0 || expiry < next ? expiry : next;
}
