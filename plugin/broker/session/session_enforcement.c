/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "session_enforcement.h"

#include "broker/base/clock.h"
#include "broker/base/queue.h"
#include "recheck.h"
#include "session.h"

#include "core/base/datetime.h"
#include "core/base/text.h"
#include "core/path/identity.h"
#include "tls/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS      4    /* the longest that one poll may hold the broker's loop */
#define SLICE_COUNT   48   /* sessions: the broker has as much work with their ends, all at once */
#define LOOK_AGAIN_MS 100  /* while a pass is under way: not worth a connection to the broker's own listener */
#define RETRY_MS      1000 /* no memory or no thread for a pass */
#define STUCK_MS      100  /* somebody else claims the name of a client without TLS */
#define NAMES_TOLD    8

/* Why a connection is to be ended. */
struct cg_session_end {
    struct cg_conn *conn;
    struct cg_queue_node queued; /* in none: nothing more is to be done */
    enum cg_reason reason;
    X509 *authority; /* owned reference: the CA at fault; NULL: it is the peer's own certificate */
    int depth;       /* of it in its path */
    bool send_will;
    char detail[192];
};

/* What is told before anyone is cut off. */
struct summary {
    size_t checked, refused, len;
    char names[400];
};

struct cg_enforcement {
    struct cg_enforcement_ops ops;
    struct cg_queue marked, kicked;
    struct cg_recheck *pass; /* under way, or its results are being worked off */
    bool stale;              /* some session was accepted by an older snapshot, and no pass has begun for it */
    struct summary summary;  /* of the pass */
    int64_t no_pass_before_ms;
    struct cg_conn *cursor; /* the next record of a scan for what expired */
    bool scanning;
    int64_t next_expiry;                   /* wall clock, s: no session expires before; CG_TIME_NO_END: none does */
    uint64_t plain_judged, plain_accepted; /* all clients without TLS: by this snapshot; how many there had been */
};

struct cg_enforcement *cg_enforcement_new(const struct cg_enforcement_ops *ops)
{
    struct cg_enforcement *enforcement = calloc(1, sizeof *enforcement);
    if (!enforcement)
        return NULL;
    enforcement->ops = *ops;
    enforcement->next_expiry = CG_TIME_NO_END;
    return enforcement;
}

void cg_enforcement_free(struct cg_enforcement *enforcement)
{
    if (!enforcement)
        return;
    cg_recheck_free(enforcement->pass);
    free(enforcement);
}

/* ---- marks */

static struct cg_session_end *ending_of(struct cg_queue_node *node)
{
    return node ? CG_OWNER(node, struct cg_session_end, queued) : NULL;
}

static const struct cg_listener_policy *terms_of(const struct cg_conn *conn, const struct cg_snapshot *current)
{
    return cg_policy_listener(current->policy, conn->role == CG_ROLE_BRIDGE ? 0 : conn->listener);
}

/* Why a session is refused. All is borrowed. */
struct finding {
    enum cg_reason reason;
    const char *detail;
    X509 *authority; /* as in cg_session_end */
    int depth;
};

static void tell(const struct cg_enforcement *enforcement, enum cg_event_type type, const struct cg_conn *conn,
                 const struct finding *finding)
{
    const struct cg_event event = {
        .type = type,
        .reason = finding->reason,
        .detail = finding->detail,
        .conn = conn,
        .certificate = finding->authority ? finding->authority : conn->peer_leaf,
        .depth = finding->authority ? finding->depth : 0,
        .client_id = conn->session->client_id,
    };
    cg_reporter_write(enforcement->ops.reporter, &event);
}

static void mark(struct cg_enforcement *enforcement, struct cg_conn *conn, bool send_will,
                 const struct finding *finding)
{
    struct cg_session_end *ending = calloc(1, sizeof *ending);
    if (!ending) { /* it ends all the same: this frees nothing */
        tell(enforcement, CG_EVENT_SESSION_ENDED, conn, finding);
        cg_conn_shut_down(conn);
        return;
    }
    ending->conn = conn;
    ending->reason = finding->reason;
    if (finding->authority && X509_up_ref(finding->authority))
        ending->authority = finding->authority;
    ending->depth = finding->depth;
    ending->send_will = send_will;
    snprintf(ending->detail, sizeof ending->detail, "%s", finding->detail);
    conn->session->ending = ending;
    cg_queue_append(&enforcement->marked, &ending->queued);
}

void cg_enforcement_mark(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_snapshot *current,
                         const char *detail)
{
    const struct finding finding = {.reason = CG_REASON_ENDED_BY_ADMIN, .detail = detail};
    if (!conn->session->ending)
        mark(enforcement, conn, terms_of(conn, current)->send_will, &finding);
}

/* Marks it or reports it, as the policy says. */
static void refuse(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_snapshot *current,
                   const struct finding *finding)
{
    const struct cg_listener_policy *terms = terms_of(conn, current);
    if (terms->sessions == CG_SESSION_END) {
        mark(enforcement, conn, terms->send_will, finding);
        return;
    }
    conn->session->reported = true;
    tell(enforcement, CG_EVENT_SESSION_AUDITED, conn, finding);
}

static void free_ending(struct cg_session_end *ending)
{
    if (!ending)
        return;
    cg_queue_remove(&ending->queued);
    X509_free(ending->authority);
    free(ending);
}

void cg_enforcement_ended(struct cg_enforcement *enforcement, struct cg_conn *conn)
{
    if (enforcement->cursor == conn)
        enforcement->cursor = conn->next;
    free_ending(conn->session->ending);
    conn->session->ending = NULL;
    cg_recheck_forget(conn);
}

/* ---- expiry */

static void remember_expiry(struct cg_enforcement *enforcement, int64_t not_after)
{
    if (not_after < enforcement->next_expiry)
        enforcement->next_expiry = not_after;
}

void cg_enforcement_accepted(struct cg_enforcement *enforcement, const struct cg_conn *conn,
                             const struct cg_snapshot *current)
{
    remember_expiry(enforcement, conn->not_after);
    /* Files changed while the handshake ran: it was judged by the snapshot that it began with. */
    enforcement->stale = enforcement->stale || conn->snapshot != current;
}

/* Asks again, as the handshake would: which certificate it is, and whether another path is left. */
static void judge_expired(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_snapshot *current,
                          int64_t now)
{
    struct cg_verdict verdict;
    cg_recheck_conn(current, conn, now, &verdict);
    if (verdict.decision == CG_ACCEPT) {
        conn->not_after = verdict.not_after > now ? verdict.not_after : now + 1;
        remember_expiry(enforcement, conn->not_after);
    } else {
        const struct finding finding = {verdict.reason, verdict.detail, cg_recheck_authority(&verdict), verdict.depth};
        refuse(enforcement, conn, current, &finding);
    }
    cg_verdict_clear(&verdict);
}

/* A full scan, only when the earliest of them is due. It frees nothing; what ends between two slices moves the cursor. */
static void find_expired(struct cg_enforcement *enforcement, const struct cg_snapshot *current, int64_t now)
{
    if (!enforcement->scanning && now <= enforcement->next_expiry)
        return;
    if (!enforcement->scanning) {
        enforcement->cursor = cg_hook_first();
        enforcement->next_expiry = CG_TIME_NO_END;
    }
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    while (enforcement->cursor && cg_clock_monotonic_ms() <= until) {
        struct cg_conn *conn = enforcement->cursor;
        enforcement->cursor = conn->next;
        if (conn->state != CG_CONN_ESTABLISHED || conn->session->ending || conn->session->reported)
            continue;
        if (now > conn->not_after)
            judge_expired(enforcement, conn, current, now);
        else
            remember_expiry(enforcement, conn->not_after);
    }
    enforcement->scanning = enforcement->cursor != NULL;
}

/* ---- a new snapshot */

static void add_to_summary(struct summary *summary, const struct cg_conn *conn)
{
    char shown[40], peer[CG_PEER_TEXT_MAX];
    if (++summary->refused > NAMES_TOLD || summary->len >= sizeof summary->names)
        return;
    cg_conn_peer_text(conn, peer);
    const char *id = conn->session->client_id ? conn->session->client_id : peer;
    cg_text_escape(id, strlen(id), shown, sizeof shown);
    int n = snprintf(summary->names + summary->len, sizeof summary->names - summary->len, "%s%s",
                     summary->len ? ", " : "", shown);
    summary->len += n > 0 ? (size_t)n : 0;
}

static void sum_up(struct cg_enforcement *enforcement, const struct cg_snapshot *snapshot)
{
    const struct summary *summary = &enforcement->summary;
    char text[560];
    if (!summary->refused)
        return;
    snprintf(text, sizeof text, "%zu of %zu live sessions no longer accepted: %s%s", summary->refused, summary->checked,
             summary->names, summary->refused > NAMES_TOLD ? ", ..." : "");
    const struct cg_event event = {
        .type = CG_EVENT_SESSIONS_CHECKED, .detail = text, .count = summary->refused, .snapshot = snapshot->number};
    cg_reporter_write(enforcement->ops.reporter, &event);
}

static void take_over(struct cg_conn *conn, struct cg_snapshot *snapshot, const struct cg_recheck_result *result)
{
    struct cg_snapshot *old = conn->snapshot;
    conn->snapshot = cg_snapshot_ref(snapshot);
    if (conn->role == CG_ROLE_LISTENER)
        conn->policy = cg_policy_listener(snapshot->policy, conn->listener);
    conn->not_after = result->not_after;
    conn->session->reported = false;
    cg_snapshot_free(old);
}

/* The certificate is good: is its owner still the client that it says it is? */
static void judge_client(const struct cg_conn *conn, struct cg_client_verdict *out)
{
    if (conn->session->client_id && conn->role == CG_ROLE_LISTENER)
        cg_check_client(conn->policy, conn->peer_leaf, conn->session->client_id, out);
    else
        *out = (struct cg_client_verdict){.decision = CG_ACCEPT, .reason = CG_REASON_OK};
}

static void use_result(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_recheck_result *result)
{
    struct cg_snapshot *snapshot = cg_recheck_snapshot(enforcement->pass);
    struct cg_client_verdict client;
    /* Reported ones too: what the new snapshot refuses is told once. */
    take_over(conn, snapshot, result);
    remember_expiry(enforcement, conn->not_after);
    enforcement->summary.checked++;
    judge_client(conn, &client);
    bool fits = client.decision == CG_ACCEPT;
    if (result->reason == CG_REASON_OK && fits)
        return;
    add_to_summary(&enforcement->summary, conn);
    struct finding finding = {client.reason, client.detail, NULL, 0};
    if (result->reason != CG_REASON_OK)
        finding = (struct finding){result->reason, result->detail ? result->detail : "", result->authority,
                                   result->depth};
    refuse(enforcement, conn, snapshot, &finding);
}

/* Works off results until the slice is used up. True when none are left. */
static bool work_off(struct cg_enforcement *enforcement)
{
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    const struct cg_recheck_result *result;
    while ((result = cg_recheck_next(enforcement->pass))) {
        if (result->conn && !result->conn->session->ending)
            use_result(enforcement, result->conn, result);
        if (cg_clock_monotonic_ms() > until)
            return false;
    }
    sum_up(enforcement, cg_recheck_snapshot(enforcement->pass));
    return true;
}

static int64_t recheck(struct cg_enforcement *enforcement, struct cg_snapshot *current, int64_t now)
{
    if (enforcement->pass) {
        if (!cg_recheck_is_done(enforcement->pass))
            return LOOK_AGAIN_MS;
        if (!work_off(enforcement))
            return 1;
        cg_recheck_free(enforcement->pass);
        enforcement->pass = NULL;
    }
    if (!enforcement->stale)
        return -1;
    int64_t now_ms = cg_clock_monotonic_ms();
    if (now_ms < enforcement->no_pass_before_ms)
        return enforcement->no_pass_before_ms - now_ms;
    memset(&enforcement->summary, 0, sizeof enforcement->summary);
    enforcement->pass = cg_recheck_start(current, now);
    enforcement->no_pass_before_ms = enforcement->pass ? 0 : now_ms + RETRY_MS;
    enforcement->stale = !enforcement->pass;
    return enforcement->pass ? LOOK_AGAIN_MS : RETRY_MS;
}

void cg_enforcement_on_snapshot(struct cg_enforcement *enforcement)
{
    enforcement->stale = true;
}

/* ---- clients without TLS */

static void tell_plain(const struct cg_enforcement *enforcement, enum cg_event_type type, const struct cg_claim *claim)
{
    const struct cg_event event = {
        .type = type,
        .reason = CG_REASON_PLAIN_LISTENER,
        .client_id = claim->client_id,
        .peer = claim->peer,
        .listener = claim->port,
    };
    cg_reporter_write(enforcement->ops.reporter, &event);
}

static void judge_plain(struct cg_enforcement *enforcement, struct cg_claim *claim, const struct cg_snapshot *current,
                        enum cg_plaintext_answer unknown)
{
    const struct cg_listener_policy *terms = cg_policy_listener(current->policy, claim->port);
    bool allowed = claim->port ? terms->plain_allowed : unknown == CG_PLAINTEXT_ALLOW;
    claim->checked_by = current->number;
    if (allowed || terms->client.mode[CG_REASON_PLAIN_LISTENER] != CG_ENFORCE) {
        claim->reported = false;
        return;
    }
    /* without its will Mosquitto 2.0, which tells no port, may end an offline session of the id, and break over it */
    claim->send_will = terms->send_will || !claim->port;
    if (terms->sessions == CG_SESSION_END) {
        cg_client_map_set_ending(enforcement->ops.clients, claim, true);
    } else if (!claim->reported) {
        claim->reported = true;
        tell_plain(enforcement, CG_EVENT_SESSION_AUDITED, claim);
    }
}

static void judge_all_plain(struct cg_enforcement *enforcement, const struct cg_snapshot *current,
                            enum cg_plaintext_answer unknown)
{
    uint64_t accepted = cg_client_map_accepted_plaintext(enforcement->ops.clients);
    if (unknown == CG_PLAINTEXT_PROBING ||
        (enforcement->plain_judged == current->number && enforcement->plain_accepted == accepted))
        return;
    struct cg_claim *claim = cg_client_map_first_plaintext(enforcement->ops.clients), *next;
    for (; claim; claim = next) {
        next = cg_claim_next(claim); /* judging frees nothing */
        if (claim->checked_by != current->number)
            judge_plain(enforcement, claim, current, unknown);
    }
    enforcement->plain_judged = current->number;
    enforcement->plain_accepted = accepted;
}

int64_t cg_enforcement_check(struct cg_enforcement *enforcement, struct cg_snapshot *current,
                             enum cg_plaintext_answer unknown, int64_t now)
{
    int64_t next = recheck(enforcement, current, now);
    find_expired(enforcement, current, now);
    judge_all_plain(enforcement, current, unknown);
    if (enforcement->scanning)
        return 1;
    if (enforcement->next_expiry == CG_TIME_NO_END)
        return next;
    int64_t expiry = now > enforcement->next_expiry ? 1 : (enforcement->next_expiry - now + 1) * 1000;
    return next < 0 || expiry < next ? expiry : next;
}

/* ---- the end */

/* By name only what this connection owns for certain, and only where the name is of use: shutting down a socket wakes the
 * broker's loop at once, hits nobody else, and sends the will. */
static bool can_be_kicked(const struct cg_enforcement *enforcement, const struct cg_session_end *ending)
{
    const struct cg_claim *claim = ending->conn->session->claim;
    return claim && (claim->mqtt5 || !ending->send_will) && cg_client_map_owns(enforcement->ops.clients, claim);
}

/* The connection may be freed when this returns. */
static void end(struct cg_enforcement *enforcement, struct cg_session_end *ending)
{
    struct cg_conn *conn = ending->conn;
    const struct finding finding = {ending->reason, ending->detail, ending->authority, ending->depth};
    tell(enforcement, CG_EVENT_SESSION_ENDED, conn, &finding);
    if (can_be_kicked(enforcement, ending)) {
        cg_queue_append(&enforcement->kicked, &ending->queued);
        enforcement->ops.kick(conn->session->client_id, ending->send_will);
        return;
    }
    cg_queue_remove(&ending->queued);
    cg_conn_shut_down(conn);
}

/* What was kicked at an earlier poll and is still there: a websocket that does not read, say. */
static void shut_down_kicked(struct cg_enforcement *enforcement)
{
    for (struct cg_session_end *ending; (ending = ending_of(enforcement->kicked.first));) {
        cg_queue_remove(&ending->queued);
        cg_conn_shut_down(ending->conn);
    }
}

/* False: who has the name now is not certain. */
static bool end_plain(struct cg_enforcement *enforcement, struct cg_claim *claim)
{
    struct cg_client_map *clients = enforcement->ops.clients;
    if (!cg_client_map_owns_plaintext(clients, claim)) {
        cg_client_map_set_ending(clients, claim, true); /* behind the others */
        return false;
    }
    tell_plain(enforcement, CG_EVENT_SESSION_ENDED, claim);
    cg_client_map_set_ending(clients, claim, false);
    enforcement->ops.kick(claim->client_id, claim->send_will);
    return true;
}

int64_t cg_enforcement_end(struct cg_enforcement *enforcement)
{
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    int count = 0;
    bool stuck = false;
    struct cg_session_end *ending;
    struct cg_claim *claim;
    shut_down_kicked(enforcement);
    while ((ending = ending_of(enforcement->marked.first)) && count++ < SLICE_COUNT && cg_clock_monotonic_ms() <= until)
        end(enforcement, ending);
    while (!stuck && (claim = cg_client_map_first_ending(enforcement->ops.clients)) && count++ < SLICE_COUNT &&
           cg_clock_monotonic_ms() <= until)
        stuck = !end_plain(enforcement, claim);
    bool more = enforcement->marked.first || enforcement->kicked.first ||
                (!stuck && cg_client_map_first_ending(enforcement->ops.clients));
    return more ? 1 : stuck ? STUCK_MS : -1;
}
