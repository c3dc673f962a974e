/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "housekeeping.h"

#include "apply_reload.h"
#include "broker/base/clock.h"
#include "broker/session/session.h"
#include "listener_checks.h"

#include "tls/hook.h"

#define NEXT_MIN_MS 1
#define NEXT_MAX_MS 100 /* a new snapshot is activated within this time */

#define WAKE_AT_LEAST_MS 60000 /* the wall clock may have been set meanwhile */

int64_t cg_housekeeping(struct cg_state *state)
{
    if (!state->listeners_checked) {
        state->listeners_checked = true;
        cg_listener_checks(state);
    }
    cg_apply_reload(state);
    cg_plaintext_probe(state->plaintext, state->snapshot->policy);
    enum cg_plaintext_answer plaintext = cg_plaintext_answer(state->plaintext, state->snapshot->policy, 0);
    cg_plaintext_warn(state->plaintext, state->snapshot, plaintext);
    cg_client_map_poll(state->clients);
    int64_t next = cg_sooner_ms(WAKE_AT_LEAST_MS, cg_hook_tick());
    next = cg_sooner_ms(next, cg_reporter_poll(state->reporter));
    int64_t now = cg_clock_wall_ms() / 1000;
    next = cg_sooner_ms(next, cg_enforcement_check(state->enforcement, state->snapshot, plaintext, now));
    next = cg_sooner_ms(next, cg_own_monitor_poll(state->own_monitor, state->snapshot, now));
    next = cg_sooner_ms(next, cg_expiry_monitor_poll(state->expiry_monitor, state->snapshot, now));
    uint64_t changes = cg_enforcement_changes(state->enforcement);
    const struct cg_renewal_numbers renewal = cg_renewal_numbers(state->renewal);
    next = cg_sooner_ms(next, cg_sysinfo_poll(state->sysinfo, state->snapshot, &renewal, changes, now));
    const struct cg_control_context context = {state->snapshot, &state->kept};
    next = cg_sooner_ms(next, cg_control_poll(state->control, &context));
    next = cg_sooner_ms(next, cg_renewal_poll(state->renewal, state->snapshot));
    if (cg_control_take_reload(state->control))
        cg_request_reload(state);
    /* last, since it may free any record */
    next = cg_sooner_ms(next, cg_enforcement_end(state->enforcement));
    int64_t soon = cg_sooner_ms(NEXT_MAX_MS, next);
    soon = soon < NEXT_MIN_MS ? NEXT_MIN_MS : soon;
    state->due_ms = cg_clock_monotonic_ms() + soon; /* not after the connection that wakes the broker for it */
    if (!state->ticks || next < NEXT_MAX_MS)
        cg_self_connect_due(state->self_connect, next);
    else
        cg_self_connect_due(state->self_connect, -1);
    return soon;
}

void cg_housekeeping_soon(struct cg_state *state)
{
    if (state->ticks)
        return;
    state->due_ms = cg_clock_monotonic_ms();
    cg_self_connect_due(state->self_connect, 1);
}

int64_t cg_housekeeping_tick(struct cg_state *state)
{
    state->ticks = true;
    state->reloading = false;
    return cg_housekeeping(state);
}

void cg_housekeeping_on_reload(struct cg_state *state)
{
    cg_request_reload(state);
    state->reloading = state->ticks;
}

void cg_housekeeping_ensure_ticks(struct cg_state *state, const struct cg_conn *conn)
{
    const struct cg_claim *claim = conn->session->claim;
    if (state->self_connect || !claim || claim->websocket)
        return;
    state->self_connect = cg_self_connect_start(&conn->local, state->ticks ? NULL : state->reload);
    if (state->self_connect || state->ticks || state->warned_no_ticks)
        return;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "The broker does not call plugins periodically (Mosquitto 2.0.11 with per_listener_settings), and "
                  "the plugin cannot wake it. It ends sessions and stalled handshakes only when a client connects",
        .fix = "use Mosquitto 2.0.21 or later, or remove per_listener_settings from mosquitto.conf",
    };
    cg_reporter_write(state->reporter, &warning);
    state->warned_no_ticks = true;
}
