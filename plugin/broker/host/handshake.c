/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "handshake.h"

#include "apply_reload.h"
#include "broker/base/address.h"
#include "broker/base/clock.h"
#include "broker/session/session.h"
#include "housekeeping.h"
#include "refusal.h"

/* A handshake must use the newest snapshot. If the broker does not tick, or not yet, all housekeeping is done here: the
 * connections that wake such a broker begin a handshake and do nothing else. Housekeeping that is not due yet must still run
 * when it is, since it does not know this handshake. */
static void begins(void *context)
{
    struct cg_state *state = context;
    bool needed = !state->ticks && state->reload;
    int64_t left = state->due_ms - cg_clock_monotonic_ms();
    if (needed && (left <= 0 || cg_reload_has_result(state->reload))) {
        cg_housekeeping(state);
        return;
    }
    cg_apply_reload(state);
    if (needed)
        cg_self_connect_due(state->self_connect, left);
}

static struct cg_snapshot *snapshot(void *context)
{
    const struct cg_state *state = context;
    return state->snapshot;
}

static int64_t now(void *context)
{
    (void)context;
    return cg_clock_wall_ms() / 1000;
}

static int64_t monotonic_ms(void *context)
{
    (void)context;
    return cg_clock_monotonic_ms();
}

/* A probe by the tool: refused because it has no certificate, or closed after it has seen the broker's. Any peer can claim to
 * be the tool, so this applies only to peers on the same machine without a certificate, and the event has the same limits. */
static bool is_probe(const struct cg_conn *conn)
{
    bool expected = conn->reason == CG_REASON_NO_CERTIFICATE || conn->reason == CG_REASON_PEER_GONE;
    return conn->probe && expected && conn->role == CG_ROLE_LISTENER && !conn->peer_leaf &&
           cg_address_same_host(&conn->peer, &conn->local);
}

static void rejected(void *context, struct cg_conn *conn)
{
    struct cg_state *state = context;
    cg_plaintext_saw_tls(state->plaintext, conn);
    if (cg_self_connect_made(conn))
        return;
    struct cg_event event = {
        .type = CG_EVENT_HANDSHAKE_REJECTED,
        .reason = conn->reason,
        .detail = conn->detail,
        .conn = conn,
        .fix = conn->fix,
    };
    event.certificate = cg_event_certificate(conn, &event.depth);
    if (is_probe(conn)) {
        event.type = CG_EVENT_HANDSHAKE_PROBED;
        event.reason = CG_REASON_UNSET; /* reserved for refused clients */
        event.fix = "No action is needed: certguard on this machine checked which certificate the listener serves.";
    }
    cg_reporter_write(state->reporter, &event);
}

static void accepted(void *context, struct cg_conn *conn)
{
    struct cg_state *state = context;
    cg_plaintext_saw_tls(state->plaintext, conn);
    cg_enforcement_accepted(state->enforcement, conn, state->snapshot);
    cg_renewal_accepted(state->renewal, conn);
    cg_expiry_monitor_accepted(state->expiry_monitor, conn, state->snapshot->policy, cg_clock_wall_ms() / 1000);
    const struct cg_finding *audited = conn->verdict ? cg_verdict_audited(conn->verdict) : NULL;
    struct cg_event event = {.conn = conn, .certificate = conn->peer_leaf};
    if (audited) {
        event.type = CG_EVENT_HANDSHAKE_AUDITED;
        event.reason = audited->reason;
        event.detail = audited->detail;
        if (audited->depth > 0 && audited->depth < sk_X509_num(conn->path)) {
            event.depth = audited->depth;
            event.certificate = sk_X509_value(conn->path, audited->depth);
        }
        cg_reporter_write(state->reporter, &event);
    }
    event = (struct cg_event){.type = CG_EVENT_HANDSHAKE_ACCEPTED, .conn = conn, .certificate = conn->peer_leaf};
    cg_reporter_write(state->reporter, &event);
}

static void first_read(void *context, struct cg_conn *conn)
{
    struct cg_state *state = context;
    cg_client_map_first_read(state->clients, conn->session->claim);
}

static void ended(void *context, struct cg_conn *conn)
{
    struct cg_state *state = context;
    cg_refusal_ended(state, conn);
    cg_enforcement_ended(state->enforcement, conn);
    cg_sysinfo_ended(state->sysinfo, conn);
    cg_control_ended(state->control, conn);
    cg_renewal_ended(state->renewal, conn);
    cg_client_map_release(state->clients, conn->session->claim);
}

struct cg_hook_handlers cg_handshake_handlers(struct cg_state *state)
{
    return (struct cg_hook_handlers){
        .context = state,
        .signatures = state->signatures,
        .session_size = sizeof(struct cg_session),
        .begins = begins,
        .snapshot = snapshot,
        .now = now,
        .monotonic_ms = monotonic_ms,
        .rejected = rejected,
        .accepted = accepted,
        .first_read = first_read,
        .ended = ended,
    };
}
