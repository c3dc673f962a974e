/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "state.h"

#include <stdlib.h>

struct cg_state *cg_state_new(const struct cg_state_ops *ops)
{
    struct cg_state *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->ops = *ops;
    state->main_thread = pthread_self();
    state->clients = cg_client_map_new(ops->client_of);
    state->signatures = cg_signature_cache_new(CG_SIGNATURE_CACHE_BYTES);
    if (state->clients && state->signatures)
        return state;
    cg_state_free(state);
    return NULL;
}

bool cg_state_make_parts(struct cg_state *state)
{
    const struct cg_state_ops *ops = &state->ops;
    const struct cg_enforcement_ops enforcement = {state->reporter, state->clients, ops->kick};
    state->enforcement = cg_enforcement_new(&enforcement);
    state->plaintext = cg_plaintext_new(state->reporter, ops->reports_port);
    state->expiry_monitor = cg_expiry_monitor_new(state->reporter);
    state->own_monitor = cg_own_monitor_new(state->reporter);
    state->sysinfo = cg_sysinfo_new(cg_reporter_counters(state->reporter), state->signatures, ops->publish);
    state->renewal = cg_renewal_new(state->reporter, state->clients, ops->send);
    const struct cg_control_ops control = {state->reporter, state->clients, state->enforcement,
                                           state->sysinfo,  ops->publish,   state->renewal};
    state->control = cg_control_new(&control);
    return state->enforcement && state->plaintext && state->expiry_monitor && state->own_monitor && state->sysinfo &&
           state->control && state->renewal;
}

void cg_state_free(struct cg_state *state)
{
    if (!state)
        return;
    cg_self_connect_stop(state->self_connect);
    cg_reload_stop(state->reload);
    cg_control_free(state->control);
    cg_renewal_free(state->renewal);
    cg_sysinfo_free(state->sysinfo);
    cg_enforcement_free(state->enforcement);
    cg_expiry_monitor_free(state->expiry_monitor);
    cg_own_monitor_free(state->own_monitor);
    cg_reporter_close(state->reporter);
    cg_client_map_free(state->clients);
    cg_plaintext_free(state->plaintext);
    cg_snapshot_free(state->snapshot);
    cg_signature_cache_free(state->signatures);
    cg_faults_clear(&state->kept);
    free(state);
}

bool cg_state_is_main_thread(const struct cg_state *state)
{
    return pthread_equal(pthread_self(), state->main_thread);
}
