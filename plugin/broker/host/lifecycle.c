/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lifecycle.h"

#include "apply_reload.h"
#include "broker/base/clock.h"
#include "broker/reload/crl_numbers_writer.h"
#include "handshake.h"

#include "core/policy/policy_load.h"
#include "core/snapshot_load.h"
#include "tls/credential/preflight.h"

#include <string.h>

/* One per process, like the hook. */
static struct {
    int lines; /* plugin lines that have it open */
    struct cg_options options;
    struct cg_state *state;
    bool hooked;
} life;

static void end(void)
{
    if (life.hooked)
        cg_hook_remove(); /* calls ended() for each connection */
    cg_state_free(life.state);
    cg_options_clear(&life.options);
    memset(&life, 0, sizeof life);
}

/* Writes the reason why the broker does not start to the event log, if the policy can be read. */
static void report_refused(const struct cg_options *options, const struct cg_state_ops *ops, enum cg_reason fault,
                           const struct cg_error *err)
{
    bool of_credential = fault == CG_REASON_CREDENTIAL_INVALID || cg_reason_row(fault)->kind == CG_KIND_RULE;
    struct cg_policy *policy = of_credential && options->policy ? cg_policy_load(options->policy, NULL) : NULL;
    struct cg_log_policy log = policy ? policy->log : (struct cg_log_policy){.file = NULL};
    if (options->event_log) /* overrides the policy, as in a snapshot */
        log.file = options->event_log;
    bool has_log = policy && (log.file || log.syslog);
    struct cg_reporter *reporter = has_log ? cg_reporter_open(&log, ops->log, NULL) : NULL;
    if (reporter)
        cg_own_report_rejected(reporter, fault, err);
    cg_reporter_close(reporter);
    cg_policy_free(policy);
}

/* False: the broker must not start. Temporary faults, such as a full disk, are left to the reload thread. */
static bool store_numbers(const struct cg_snapshot *snapshot, struct cg_file_states *seen, struct cg_faults *faults,
                          bool *created, struct cg_error *err)
{
    const char *folder = snapshot->policy->state;
    if (!folder)
        return true;
    enum cg_numbers_stored stored = cg_crl_numbers_store(folder, snapshot->numbers, CG_NUMBERS_LOCK_WAIT_MS, seen, err);
    *created = stored == CG_NUMBERS_CREATED;
    switch (stored) {
    case CG_NUMBERS_STORED:
    case CG_NUMBERS_CREATED:
        return true;
    case CG_NUMBERS_LATER:
        cg_faults_add(faults, CG_REASON_STATE_INVALID, err, 0);
        return true;
    case CG_NUMBERS_NOT_STORED:
    default:
        return false;
    }
}

static bool load(struct cg_state *state, const struct cg_options *options, struct cg_file_states *seen,
                 struct cg_faults *faults, struct cg_error *err)
{
    const struct cg_snapshot_source source = {
        .policy = options->policy, .anchors = options->anchors, .event_log = options->event_log, .hold = true};
    const struct cg_snapshot_preflight preflight = {cg_preflight.policy, cg_preflight.credential,
                                                    cg_crl_numbers_prepare_file};
    enum cg_reason fault = CG_REASON_UNSET;
    struct cg_snapshot *first = cg_snapshot_load(&source, &preflight, cg_clock_wall_ms() / 1000, seen, &fault, err);
    if (!first) {
        report_refused(options, &state->ops, fault, err);
        return false;
    }
    state->reporter = cg_reporter_open(&first->policy->log, state->ops.log, err);
    bool created = false;
    if (!state->reporter || !store_numbers(first, seen, faults, &created, err)) {
        cg_snapshot_free(first);
        return false;
    }
    cg_apply_snapshot(state, first);
    if (created)
        cg_report_numbers_created(state);
    if (!cg_state_make_parts(state)) {
        cg_error_set(err, "out of memory");
        return false;
    }
    const struct cg_hook_handlers handlers = cg_handshake_handlers(state);
    life.hooked = cg_hook_install(&handlers, err);
    state->reload = life.hooked ? cg_reload_start(&source, first, seen, faults, err) : NULL;
    return state->reload != NULL;
}

/* Takes over options. */
static struct cg_state *begin(struct cg_options *options, const struct cg_state_ops *ops, struct cg_error *err)
{
    struct cg_file_states seen = {NULL, 0};
    struct cg_faults faults = {NULL, 0, 0};
    life.options = *options;
    *options = (struct cg_options){NULL, NULL, NULL};
    life.state = cg_state_new(ops);
    bool loaded = life.state && load(life.state, &life.options, &seen, &faults, err);
    if (!life.state)
        cg_error_set(err, "out of memory");
    cg_file_states_clear(&seen);
    cg_faults_clear(&faults);
    if (!loaded)
        end();
    return life.state;
}

struct cg_state *cg_lifecycle_open(struct cg_options *options, const struct cg_state_ops *ops, struct cg_error *err)
{
    if (life.lines > 0 && !cg_options_equal(&life.options, options)) {
        cg_error_set(err, "expected the same plugin_opt lines below each plugin line, since the TLS checks apply to "
                          "the whole broker; found different ones. Use the same lines, and put settings of single "
                          "listeners into \"listeners\" of the policy");
        return NULL;
    }
    struct cg_state *state = life.lines > 0 ? life.state : begin(options, ops, err);
    life.lines += state != NULL;
    return state;
}

void cg_lifecycle_close(struct cg_state *state)
{
    if (state && --life.lines == 0)
        end();
}

bool cg_lifecycle_is_shared(void)
{
    return life.lines > 1;
}
