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

#define SLICE_MS     4    /* the longest time that one poll may block the broker's loop */
#define SLICE_COUNT  48   /* sessions ended per poll, since the broker then does its work for all of them at once */
#define PASS_WAIT_MS 100  /* while a pass runs; long enough that the broker need not be woken */
#define RETRY_MS     1000 /* no memory or no thread for a pass */
#define BLOCKED_MS   100  /* another client claims the id of a client without TLS */
#define NAMES_LISTED 8

/* A connection to be ended, and the reason. */
struct cg_session_end {
    struct cg_conn *conn;
    struct cg_queue_node queued; /* in no queue: done */
    enum cg_reason reason;
    X509 *authority; /* owned reference: the rejected CA; NULL: the peer's own certificate is rejected */
    int depth;       /* of authority in the path */
    bool send_will;
    char detail[192];
};

/* Written before any session is ended. */
struct summary {
    size_t checked, refused, len;
    char names[400];
};

struct cg_enforcement {
    struct cg_enforcement_ops ops;
    struct cg_queue marked, kicked;
    struct cg_queue limited; /* by the time at which they are ended */
    struct cg_recheck *pass; /* running, or its results are being applied */
    bool stale;              /* an older snapshot accepted some session, and no pass has started since */
    struct summary summary;  /* of the pass */
    int64_t no_pass_before_ms;
    struct cg_conn *cursor; /* next record of the scan for expired sessions */
    bool scanning;
    int64_t next_expiry; /* wall clock, s: no session expires earlier; CG_TIME_NO_END: none expires */

    uint64_t changes; /* of live sessions and their ends */

    /* last check of all clients without TLS: number of the snapshot, and how many had been accepted */
    uint64_t plain_checked_by, plain_accepted;
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

static const struct cg_listener_policy *policy_of(const struct cg_conn *conn, const struct cg_snapshot *current)
{
    return cg_policy_listener(current->policy, conn->role == CG_ROLE_BRIDGE ? 0 : conn->listener);
}

/* The reason why a session is no longer accepted. All pointers are borrowed. */
struct finding {
    enum cg_reason reason;
    const char *detail;
    X509 *authority; /* as in cg_session_end */
    int depth;
};

static void report(const struct cg_enforcement *enforcement, enum cg_event_type type, const struct cg_conn *conn,
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
    if (!ending) { /* shutting down the socket frees nothing */
        report(enforcement, CG_EVENT_SESSION_ENDED, conn, finding);
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
    enforcement->changes++;
    cg_queue_append(&enforcement->marked, &ending->queued);
}

void cg_enforcement_mark(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_snapshot *current,
                         const char *detail)
{
    const struct finding finding = {.reason = CG_REASON_ENDED_BY_ADMIN, .detail = detail};
    if (!conn->session->ending)
        mark(enforcement, conn, policy_of(conn, current)->send_will, &finding);
}

/* Marks or only reports the session, as the policy requires. */
static void reject(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_snapshot *current,
                   const struct finding *finding)
{
    const struct cg_listener_policy *policy = policy_of(conn, current);
    if (policy->sessions == CG_SESSION_END) {
        mark(enforcement, conn, policy->send_will, finding);
        return;
    }
    conn->session->reported = true;
    report(enforcement, CG_EVENT_SESSION_AUDITED, conn, finding);
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
    enforcement->changes++;
    if (enforcement->cursor == conn)
        enforcement->cursor = conn->next;
    free_ending(conn->session->ending);
    conn->session->ending = NULL;
    cg_queue_remove(&conn->session->limited);
    cg_recheck_forget(conn);
}

/* ---- sessions that only renew */

void cg_enforcement_limit(struct cg_enforcement *enforcement, struct cg_conn *conn)
{
    conn->session->conn = conn;
    conn->session->limit_ms = cg_clock_monotonic_ms() + CG_RENEWS_FOR_MS;
    cg_queue_append(&enforcement->limited, &conn->session->limited);
}

/* All have the same time, so the first one is due first. */
static int64_t end_limited(struct cg_enforcement *enforcement, const struct cg_snapshot *current)
{
    static const struct finding finding = {.reason = CG_REASON_SESSION_LIMIT,
                                           .detail = "The session with this client id lasted 10 minutes"};
    const int64_t now_ms = cg_clock_monotonic_ms();
    while (enforcement->limited.first) {
        const struct cg_session *session = CG_OWNER(enforcement->limited.first, struct cg_session, limited);
        if (now_ms < session->limit_ms)
            return session->limit_ms - now_ms;
        cg_queue_remove(enforcement->limited.first);
        if (!session->ending)
            mark(enforcement, session->conn, policy_of(session->conn, current)->send_will, &finding);
    }
    return -1;
}

/* ---- expiry */

static void remember_expiry(struct cg_enforcement *enforcement, int64_t not_after)
{
    if (not_after < enforcement->next_expiry)
        enforcement->next_expiry = not_after;
}

static void set_expiry(struct cg_enforcement *enforcement, struct cg_conn *conn, int64_t not_after)
{
    conn->not_after = not_after;
    enforcement->changes++;
    remember_expiry(enforcement, not_after);
}

void cg_enforcement_accepted(struct cg_enforcement *enforcement, const struct cg_conn *conn,
                             const struct cg_snapshot *current)
{
    remember_expiry(enforcement, conn->not_after);
    enforcement->changes++;
    /* If files changed during the handshake, it was checked against the old snapshot. */
    enforcement->stale = enforcement->stale || conn->snapshot != current;
}

/* The full check finds out which certificate expired, and whether another path is valid. */
static void check_expired(struct cg_enforcement *enforcement, struct cg_conn *conn, const struct cg_snapshot *current,
                          int64_t now)
{
    struct cg_verdict verdict;
    cg_recheck_conn(current, conn, now, &verdict);
    if (verdict.decision == CG_ACCEPT) {
        set_expiry(enforcement, conn, verdict.not_after > now ? verdict.not_after : now + 1);
    } else {
        const struct finding finding = {verdict.reason, verdict.detail, cg_recheck_authority(&verdict), verdict.depth};
        reject(enforcement, conn, current, &finding);
    }
    cg_verdict_clear(&verdict);
}

/* Scans all sessions when the earliest expiry is reached. cg_enforcement_ended() moves the cursor. */
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
            check_expired(enforcement, conn, current, now);
        else
            remember_expiry(enforcement, conn->not_after);
    }
    enforcement->scanning = enforcement->cursor != NULL;
}

/* ---- a new snapshot */

static void add_to_summary(struct summary *summary, const struct cg_conn *conn)
{
    char shown[40], peer[CG_PEER_TEXT_MAX];
    if (++summary->refused > NAMES_LISTED || summary->len >= sizeof summary->names)
        return;
    cg_conn_peer_text(conn, peer);
    const char *id = conn->session->client_id ? conn->session->client_id : peer;
    cg_text_escape(id, strlen(id), shown, sizeof shown);
    int n = snprintf(summary->names + summary->len, sizeof summary->names - summary->len, "%s%s",
                     summary->len ? ", " : "", shown);
    summary->len += n > 0 ? (size_t)n : 0;
}

static void report_summary(struct cg_enforcement *enforcement, const struct cg_snapshot *snapshot)
{
    const struct summary *summary = &enforcement->summary;
    char text[560];
    if (!summary->refused)
        return;
    snprintf(text, sizeof text, "%zu of %zu live sessions no longer accepted: %s%s", summary->refused, summary->checked,
             summary->names, summary->refused > NAMES_LISTED ? ", ..." : "");
    const struct cg_event event = {
        .type = CG_EVENT_SESSIONS_CHECKED, .detail = text, .count = summary->refused, .snapshot = snapshot->number};
    cg_reporter_write(enforcement->ops.reporter, &event);
}

static void set_snapshot(struct cg_conn *conn, struct cg_snapshot *snapshot)
{
    struct cg_snapshot *old = conn->snapshot;
    conn->snapshot = cg_snapshot_ref(snapshot);
    if (conn->role == CG_ROLE_LISTENER)
        conn->policy = cg_policy_listener(snapshot->policy, conn->listener);
    conn->session->reported = false;
    cg_snapshot_free(old);
}

/* Whether the certificate's identity still matches the client id. */
static void check_client(const struct cg_conn *conn, struct cg_client_verdict *out)
{
    if (conn->session->client_id && conn->role == CG_ROLE_LISTENER)
        cg_check_client(conn->policy, conn->peer_leaf, conn->session->client_id, out);
    else
        *out = (struct cg_client_verdict){.decision = CG_ACCEPT, .reason = CG_REASON_OK};
}

static void apply_result(struct cg_enforcement *enforcement, struct cg_conn *conn,
                         const struct cg_recheck_result *result)
{
    struct cg_snapshot *snapshot = cg_recheck_snapshot(enforcement->pass);
    struct cg_client_verdict client;
    set_snapshot(conn, snapshot);
    set_expiry(enforcement, conn, result->not_after);
    enforcement->summary.checked++;
    check_client(conn, &client);
    if (result->reason == CG_REASON_OK && client.decision == CG_ACCEPT)
        return;
    add_to_summary(&enforcement->summary, conn);
    struct finding finding = {client.reason, client.detail, NULL, 0};
    if (result->reason != CG_REASON_OK)
        finding = (struct finding){result->reason, result->detail ? result->detail : "", result->authority,
                                   result->depth};
    reject(enforcement, conn, snapshot, &finding);
}

/* Applies results for at most SLICE_MS. True: all are applied. */
static bool apply_results(struct cg_enforcement *enforcement)
{
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    const struct cg_recheck_result *result;
    while ((result = cg_recheck_next(enforcement->pass))) {
        if (result->conn && !result->conn->session->ending)
            apply_result(enforcement, result->conn, result);
        if (cg_clock_monotonic_ms() > until)
            return false;
    }
    report_summary(enforcement, cg_recheck_snapshot(enforcement->pass));
    return true;
}

static int64_t recheck(struct cg_enforcement *enforcement, struct cg_snapshot *current, int64_t now)
{
    if (enforcement->pass) {
        if (!cg_recheck_is_done(enforcement->pass))
            return PASS_WAIT_MS;
        if (!apply_results(enforcement))
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
    return enforcement->pass ? PASS_WAIT_MS : RETRY_MS;
}

uint64_t cg_enforcement_changes(const struct cg_enforcement *enforcement)
{
    return enforcement->changes;
}

void cg_enforcement_on_snapshot(struct cg_enforcement *enforcement)
{
    enforcement->stale = true;
}

/* ---- clients without TLS */

static void report_plain(const struct cg_enforcement *enforcement, enum cg_event_type type,
                         const struct cg_claim *claim)
{
    const struct cg_event event = {
        .type = type,
        .reason = CG_REASON_PLAIN_LISTENER,
        .client_id = claim->client_id,
        .peer = claim->plain[0].peer,
        .listener = claim->plain[0].port,
    };
    cg_reporter_write(enforcement->ops.reporter, &event);
}

static void check_plain(struct cg_enforcement *enforcement, struct cg_claim *claim, const struct cg_snapshot *current,
                        enum cg_plaintext_answer unknown)
{
    struct cg_plain_client *plain = &claim->plain[0];
    const struct cg_listener_policy *policy = cg_policy_listener(current->policy, plain->port);
    bool allowed = plain->port ? policy->plain_allowed : unknown == CG_PLAINTEXT_ALLOW;
    plain->checked_by = current->number;
    if (allowed || policy->client.mode[CG_REASON_PLAIN_LISTENER] != CG_ENFORCE) {
        plain->reported = false;
        return;
    }
    /* Without the will, Mosquitto 2.0 (port 0) may end an offline session of the id and crash. */
    plain->send_will = policy->send_will || !plain->port;
    if (policy->sessions == CG_SESSION_END) {
        cg_client_map_set_ending(enforcement->ops.clients, claim, true);
    } else if (!plain->reported) {
        plain->reported = true;
        report_plain(enforcement, CG_EVENT_SESSION_AUDITED, claim);
    }
}

static void check_all_plain(struct cg_enforcement *enforcement, const struct cg_snapshot *current,
                            enum cg_plaintext_answer unknown)
{
    uint64_t accepted = cg_client_map_accepted_plaintext(enforcement->ops.clients);
    if (unknown == CG_PLAINTEXT_PROBING ||
        (enforcement->plain_checked_by == current->number && enforcement->plain_accepted == accepted))
        return;
    struct cg_claim *claim = cg_client_map_first_plaintext(enforcement->ops.clients), *next;
    for (; claim; claim = next) {
        next = cg_claim_next(claim); /* check_plain() may move the claim to the other list */
        if (claim->plain[0].checked_by != current->number)
            check_plain(enforcement, claim, current, unknown);
    }
    enforcement->plain_checked_by = current->number;
    enforcement->plain_accepted = accepted;
}

int64_t cg_enforcement_check(struct cg_enforcement *enforcement, struct cg_snapshot *current,
                             enum cg_plaintext_answer unknown, int64_t now)
{
    int64_t next = cg_sooner_ms(recheck(enforcement, current, now), end_limited(enforcement, current));
    find_expired(enforcement, current, now);
    check_all_plain(enforcement, current, unknown);
    if (enforcement->scanning)
        return 1;
    if (enforcement->next_expiry == CG_TIME_NO_END)
        return next;
    int64_t expiry = now > enforcement->next_expiry ? 1 : (enforcement->next_expiry - now + 1) * 1000;
    return next < 0 || expiry < next ? expiry : next;
}

/* ---- the end */

/* A session is ended by client id only if this connection certainly owns it, and only for a DISCONNECT or to withhold the will.
 * Otherwise its socket is shut down, which wakes the broker's loop, affects no other client and sends the will. */
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
    report(enforcement, CG_EVENT_SESSION_ENDED, conn, &finding);
    if (can_be_kicked(enforcement, ending)) {
        cg_queue_append(&enforcement->kicked, &ending->queued);
        enforcement->ops.kick(conn->session->client_id, ending->send_will);
        return;
    }
    cg_queue_remove(&ending->queued);
    cg_conn_shut_down(conn);
}

/* Sessions that were kicked in an earlier poll and still exist, such as a websocket that does not read. */
static void shut_down_kicked(struct cg_enforcement *enforcement)
{
    for (struct cg_session_end *ending; (ending = ending_of(enforcement->kicked.first));) {
        cg_queue_remove(&ending->queued);
        cg_conn_shut_down(ending->conn);
    }
}

/* False: it is not certain which client has the id. */
static bool end_plain(struct cg_enforcement *enforcement, struct cg_claim *claim)
{
    struct cg_client_map *clients = enforcement->ops.clients;
    if (!cg_client_map_owns_plaintext(clients, claim)) {
        cg_client_map_set_ending(clients, claim, true); /* to the end of the list */
        return false;
    }
    report_plain(enforcement, CG_EVENT_SESSION_ENDED, claim);
    cg_client_map_set_ending(clients, claim, false);
    enforcement->ops.kick(claim->client_id, claim->plain[0].send_will);
    return true;
}

int64_t cg_enforcement_end(struct cg_enforcement *enforcement)
{
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    int count = 0;
    bool blocked = false;
    struct cg_session_end *ending;
    struct cg_claim *claim;
    shut_down_kicked(enforcement);
    while ((ending = ending_of(enforcement->marked.first)) && count++ < SLICE_COUNT && cg_clock_monotonic_ms() <= until)
        end(enforcement, ending);
    while (!blocked && (claim = cg_client_map_first_ending(enforcement->ops.clients)) && count++ < SLICE_COUNT &&
           cg_clock_monotonic_ms() <= until)
        blocked = !end_plain(enforcement, claim);
    bool more = enforcement->marked.first || enforcement->kicked.first ||
                (!blocked && cg_client_map_first_ending(enforcement->ops.clients));
    return more ? 1 : blocked ? BLOCKED_MS : -1;
}
