/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "apply_reload.h"

#include "broker/base/noun.h"
#include "broker/reload/crl_numbers_writer.h"
#include "broker/reload/snapshot_diff.h"

#include "tls/credential/own_certificate.h"

#include <stdio.h>

/* A first start and a lost file look the same, so both are reported. */
void cg_report_numbers_created(struct cg_state *state)
{
    char detail[600];
    snprintf(detail, sizeof detail,
             "created %s/" CG_CRL_NUMBERS_FILE ", which was missing; CRLs older than those in use are now rejected, "
             "even after a restart",
             state->snapshot->policy->state ? state->snapshot->policy->state : "");
    const struct cg_event event = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = detail,
        .fix = "At the first start with this folder, no action is needed. Otherwise the file was lost: make sure that "
               "the installed CRLs are the newest",
    };
    cg_reporter_write(state->reporter, &event);
}

void cg_apply_snapshot(struct cg_state *state, struct cg_snapshot *next)
{
    struct cg_snapshot *old = state->snapshot;
    next->number = ++state->last_number;
    state->snapshot = next;
    if (old && old->policy != next->policy)
        cg_reporter_apply(state->reporter, &next->policy->log);
    cg_snapshot_diff_report(state->reporter, old, next);
    if (!old)
        return;
    cg_enforcement_on_snapshot(state->enforcement);
    cg_expiry_monitor_on_snapshot(state->expiry_monitor);
    cg_own_monitor_changed(state->own_monitor);
    cg_reload_retire(state->reload, old);
}

void cg_request_reload(struct cg_state *state)
{
    cg_reporter_reopen(state->reporter);
    cg_own_monitor_changed(state->own_monitor); /* a certfile may have changed */
    cg_expiry_monitor_on_snapshot(state->expiry_monitor);
    cg_own_update_strength(); /* before the policy is checked against it */
    cg_reload_request(state->reload);
}

/* Reports the number of faults that the list has no room for, once as long as it does not change. */
static void report_more(struct cg_state *state, size_t more)
{
    char detail[120];
    snprintf(detail, sizeof detail, "%zu more %s not reported separately", more,
             cg_noun((int64_t)more, "fault, which is", "faults, which are"));
    const struct cg_event event = {.type = CG_EVENT_SNAPSHOT_REJECTED,
                                   .detail = detail,
                                   .snapshot = state->snapshot->number,
                                   .fix = "correct the reported faults; the plugin then reports the next ones"};
    if (more && more != state->kept.more)
        cg_reporter_write(state->reporter, &event);
}

/* Reports each part that keeps its previous version once per reason. Takes over kept. activated: a snapshot was activated
 * and reported just now. */
static void report_kept(struct cg_state *state, struct cg_faults *kept, bool activated)
{
    const struct cg_event recovered = {
        .type = CG_EVENT_SNAPSHOT_LOADED, .detail = "all files are in use again", .snapshot = state->snapshot->number};
    if (!activated && cg_faults_is_empty(kept) && !cg_faults_is_empty(&state->kept))
        cg_reporter_write(state->reporter, &recovered);
    for (size_t i = 0; i < kept->count; i++) {
        const struct cg_fault *fault = &kept->item[i];
        const struct cg_event event = {.type = CG_EVENT_SNAPSHOT_REJECTED,
                                       .reason = fault->reason,
                                       .detail = fault->error.text,
                                       .snapshot = state->snapshot->number};
        if (!cg_faults_has(&state->kept, &fault->error, fault->key))
            cg_reporter_write(state->reporter, &event);
    }
    report_more(state, kept->more);
    cg_faults_clear(&state->kept);
    state->kept = *kept;
    cg_reporter_set_kept(state->reporter, kept->count + kept->more);
}

void cg_apply_reload(struct cg_state *state)
{
    struct cg_faults kept;
    if (!state->reload || !cg_reload_has_result(state->reload))
        return; /* not started yet, or the usual case */
    struct cg_snapshot *next = cg_reload_take(state->reload);
    if (next)
        cg_apply_snapshot(state, next);
    if (cg_reload_take_created(state->reload))
        cg_report_numbers_created(state);
    if (cg_reload_take_kept(state->reload, &kept))
        report_kept(state, &kept, next != NULL);
}
