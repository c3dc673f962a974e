/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "state.h"

#include <stdlib.h>

struct cg_state *cg_state_new(const struct cg_state_means *means)
{
    struct cg_state *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->means = *means;
    state->main_thread = pthread_self();
    state->clients = cg_client_map_new(means->client_of);
    if (state->clients)
        return state;
    free(state);
    return NULL;
}

bool cg_state_make_parts(struct cg_state *state)
{
    const struct cg_state_means *means = &state->means;
    const struct cg_enforcement_means enforcement = {state->reporter, state->clients, means->kick};
    state->enforcement = cg_enforcement_new(&enforcement);
    state->plain = cg_plain_new(state->reporter, means->tells_port);
    state->warner = cg_warner_new(state->reporter);
    state->own_watch = cg_own_watch_new(state->reporter);
    state->sysinfo = cg_sysinfo_new(cg_reporter_counters(state->reporter), means->publish);
    const struct cg_control_means control = {state->reporter, state->clients, state->enforcement, state->sysinfo,
                                             means->publish};
    state->control = cg_control_new(&control);
    return state->enforcement && state->plain && state->warner && state->own_watch && state->sysinfo && state->control;
}

void cg_state_free(struct cg_state *state)
{
    if (!state)
        return;
    cg_self_connect_stop(state->self_connect);
    cg_reload_stop(state->reload);
    cg_control_free(state->control);
    cg_sysinfo_free(state->sysinfo);
    cg_enforcement_free(state->enforcement);
    cg_warner_free(state->warner);
    cg_own_watch_free(state->own_watch);
    cg_reporter_close(state->reporter);
    cg_client_map_free(state->clients);
    cg_plain_free(state->plain);
    cg_snapshot_release(state->snapshot);
    cg_faults_clear(&state->kept);
    free(state);
}

bool cg_state_is_main_thread(const struct cg_state *state)
{
    return pthread_equal(pthread_self(), state->main_thread);
}
