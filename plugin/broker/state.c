/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "state.h"

#include "changes.h"
#include "clock.h"
#include "end_broker.h"
#include "handshake.h"
#include "numbers_file.h"
#include "session.h"

#include "tls/own_certificate.h"
#include "tls/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PULSE_MIN_MS 1
#define PULSE_MAX_MS 100 /* a new snapshot waits no longer for the swap */

#define PROBED_AFTER_MS 1000 /* the broker has seen the end of a connection by then */

#define WAKE_AT_LEAST_MS 60000 /* the wall clock may have been set meanwhile */

/* The hook is per process, so is what it works with. */
static struct cg_state *current;

static struct cg_state *join(const struct cg_options *options, struct cg_error *err)
{
    if (!cg_options_equal(&current->options, options)) {
        cg_error_set(err, "expected the same plugin_opt lines below each plugin line, since the TLS checks are the "
                          "whole broker's; found other ones; make them equal and put what differs by listener into "
                          "\"listeners\" of the policy");
        return NULL;
    }
    current->instances++;
    return current;
}

static void destroy(struct cg_state *state)
{
    if (state->hooked)
        cg_hook_remove();
    cg_self_connect_stop(state->self_connect);
    cg_reload_stop(state->reload);
    cg_control_free(state->control);
    cg_sysinfo_free(state->sysinfo);
    cg_enforcement_free(state->enforcement);
    cg_warner_free(state->warner);
    cg_own_watch_free(state->own_watch);
    cg_reporter_close(state->reporter);
    cg_client_map_free(state->clients);
    cg_listening_free(state->listening);
    cg_snapshot_release(state->snapshot);
    cg_faults_clear(&state->kept);
    cg_options_clear(&state->options);
    free(state);
}

static bool make_parts(struct cg_state *state)
{
    const struct cg_enforcement_means enforcement = {state->reporter, state->clients, state->means.kick};
    state->enforcement = cg_enforcement_new(&enforcement);
    state->warner = cg_warner_new(state->reporter);
    state->own_watch = cg_own_watch_new(state->reporter);
    state->sysinfo = cg_sysinfo_new(cg_reporter_counters(state->reporter), state->means.publish);
    state->control = cg_control_new(state, state->means.publish);
    return state->enforcement && state->warner && state->own_watch && state->sysinfo && state->control;
}

/* The broker does not start. Where the policy can be read the event log shows it too. */
static void report_refused(const struct cg_state *state, enum cg_reason fault, const struct cg_error *why)
{
    const struct cg_options *options = &state->options;
    bool of_credential = fault == CG_REASON_CREDENTIAL_INVALID || cg_reason_row(fault)->kind == CG_KIND_RULE;
    struct cg_policy *policy = of_credential && options->policy ? cg_policy_load(options->policy, NULL) : NULL;
    const char *file = options->event_log ? options->event_log : policy ? policy->log.file : NULL;
    bool has_log = policy && (file || policy->log.syslog);
    struct cg_reporter *reporter = has_log ? cg_reporter_open(&policy->log, file, state->means.log, NULL) : NULL;
    if (reporter)
        cg_own_report_refused(reporter, fault, why);
    cg_reporter_close(reporter);
    cg_policy_free(policy);
}

/* At a first start there is nothing to find; a file that was lost looks the same, so both are told. */
static void tell_made(struct cg_state *state)
{
    char detail[600];
    snprintf(detail, sizeof detail,
             "%s/" CG_CRL_NUMBERS_FILE " was not there, and was made: from now on CRLs older than those in use now are "
             "refused, also after a restart",
             state->snapshot->policy->state ? state->snapshot->policy->state : "");
    const struct cg_event event = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = detail,
        .hint = "Nothing to do at the first start with this folder. Else it was lost: make sure that the CRLs in place "
                "are the newest",
    };
    cg_report(state->reporter, &event);
}

/* False: the broker must not start. What passes by itself, such as a full disk, is left to the thread. */
static bool store_numbers(const struct cg_snapshot *fresh, struct cg_stamps *seen, struct cg_faults *faults, bool *made,
                          struct cg_error *err)
{
    const char *folder = fresh->policy->state;
    if (!folder)
        return true;
    enum cg_numbers_stored stored = cg_numbers_file_store(folder, fresh->numbers, CG_NUMBERS_PATIENT_MS, seen, err);
    *made = stored == CG_NUMBERS_CREATED;
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

static bool load(struct cg_state *state, struct cg_stamps *seen, struct cg_faults *faults, struct cg_error *err)
{
    const struct cg_options *options = &state->options;
    const struct cg_snapshot_source source = {
        .policy = options->policy, .anchors = options->anchors, .event_log = options->event_log, .hold = true};
    const struct cg_snapshot_proofs proofs = {cg_proofs.policy, cg_proofs.credential, cg_numbers_file_prepare};
    enum cg_reason fault = CG_REASON_UNSET;
    struct cg_snapshot *fresh = cg_snapshot_load(&source, &proofs, cg_clock_wall_ms() / 1000, seen, &fault, err);
    if (!fresh) {
        report_refused(state, fault, err);
        return false;
    }
    const struct cg_log_policy *log = &fresh->policy->log;
    const char *file = options->event_log ? options->event_log : log->file;
    state->reporter = cg_reporter_open(log, file, state->means.log, err);
    bool made = false;
    if (!state->reporter || !store_numbers(fresh, seen, faults, &made, err)) {
        cg_snapshot_release(fresh);
        return false;
    }
    cg_state_swap(state, fresh);
    if (made)
        tell_made(state);
    if (!make_parts(state)) {
        cg_error_set(err, "out of memory");
        return false;
    }
    const struct cg_hook_handlers handlers = cg_handshake_handlers(state);
    state->hooked = cg_hook_install(&handlers, err);
    state->reload = state->hooked ? cg_reload_start(&source, fresh, seen, faults, err) : NULL;
    return state->reload != NULL;
}

struct cg_state *cg_state_open(const struct cg_options *options, const struct cg_state_means *means,
                               struct cg_error *err)
{
    if (current)
        return join(options, err);
    struct cg_state *state = calloc(1, sizeof *state);
    if (!state) {
        cg_error_set(err, "out of memory");
        return NULL;
    }
    state->means = *means;
    state->main_thread = pthread_self();
    state->clients = cg_client_map_new(means->client_of);
    if (!state->clients || !cg_options_copy(options, &state->options)) {
        cg_error_set(err, "out of memory");
        destroy(state);
        return NULL;
    }
    struct cg_stamps seen = {NULL, 0};
    struct cg_faults faults = {NULL, 0, 0};
    bool loaded = load(state, &seen, &faults, err);
    cg_stamps_clear(&seen);
    cg_faults_clear(&faults);
    if (!loaded) {
        destroy(state);
        return NULL;
    }
    state->instances = 1;
    current = state;
    return state;
}

void cg_state_close(struct cg_state *state)
{
    if (!state || --state->instances > 0)
        return;
    current = NULL;
    destroy(state);
}

void cg_state_swap(struct cg_state *state, struct cg_snapshot *fresh)
{
    struct cg_snapshot *old = state->snapshot;
    fresh->number = ++state->last_number;
    state->snapshot = fresh;
    if (old && old->policy != fresh->policy)
        cg_reporter_apply(state->reporter, &fresh->policy->log, fresh->policy->log.file);
    cg_changes_report(state->reporter, old, fresh);
    if (!old)
        return;
    cg_enforcement_swapped(state->enforcement);
    cg_warner_swapped(state->warner);
    cg_own_watch_changed(state->own_watch);
    cg_reload_retire(state->reload, old);
}

void cg_state_nudge(struct cg_state *state)
{
    cg_reporter_reopen(state->reporter);
    cg_own_watch_changed(state->own_watch); /* a certfile may be another one now */
    cg_warner_swapped(state->warner);
    cg_reload_nudge(state->reload);
}

/* Listeners that speak TLS do not count: each is tried once. True: what does is known. */
static bool is_tried(struct cg_state *state)
{
    int64_t now_ms = cg_clock_monotonic_ms();
    union cg_address address;
    if (!state->probed) {
        for (size_t i = 0; cg_listening_unknown(state->listening, i, &address); i++)
            cg_self_connect_probe(&address);
        state->probed = true;
        state->tried_at_ms = now_ms + PROBED_AFTER_MS;
    }
    return now_ms >= state->tried_at_ms;
}

enum cg_plain_answer cg_state_plain(struct cg_state *state, uint16_t port)
{
    if (port || state->means.tells_port)
        return cg_policy_listener(state->snapshot->policy, port)->plain_allowed ? CG_PLAIN_ALLOW : CG_PLAIN_DENY;
    if (!state->listening)
        state->listening = cg_listening_new();
    if (!state->listening)
        return CG_PLAIN_DENY;
    enum cg_plain_answer answer = cg_listening_plain(state->listening, state->snapshot->policy);
    return answer == CG_PLAIN_DIFFERS && !is_tried(state) ? CG_PLAIN_TRYING : answer;
}

/* What the list had no room for: how many, once while it stays so. */
static void tell_more(struct cg_state *state, size_t more)
{
    char detail[120];
    snprintf(detail, sizeof detail, "%zu more faults, which have no place beside those that are told", more);
    const struct cg_event event = {.type = CG_EVENT_SNAPSHOT_REJECTED,
                                   .detail = detail,
                                   .snapshot = state->snapshot->number,
                                   .hint = "mend what is told; the next ones are told then"};
    if (more && more != state->kept.more)
        cg_report(state->reporter, &event);
}

/* Each part that stays what it was is told once, as long as it is for the same reason. */
static void tell_kept(struct cg_state *state, struct cg_faults *kept, bool fresh)
{
    const struct cg_event over = {
        .type = CG_EVENT_SNAPSHOT_LOADED, .detail = "all files are in use again", .snapshot = state->snapshot->number};
    if (!fresh && cg_faults_none(kept) && !cg_faults_none(&state->kept))
        cg_report(state->reporter, &over);
    for (size_t i = 0; i < kept->count; i++) {
        const struct cg_fault *fault = &kept->item[i];
        const struct cg_event event = {.type = CG_EVENT_SNAPSHOT_REJECTED,
                                       .reason = fault->reason,
                                       .detail = fault->error.text,
                                       .snapshot = state->snapshot->number};
        if (!cg_faults_has(&state->kept, &fault->error, fault->key))
            cg_report(state->reporter, &event);
    }
    tell_more(state, kept->more);
    cg_faults_clear(&state->kept);
    state->kept = *kept;
    cg_reporter_set_kept(state->reporter, kept->count + kept->more);
}

void cg_state_take_news(struct cg_state *state)
{
    struct cg_faults kept;
    if (!state->reload)
        return; /* the self-test's handshakes come before it */
    struct cg_snapshot *fresh = cg_reload_take(state->reload);
    if (fresh)
        cg_state_swap(state, fresh);
    if (cg_reload_take_made(state->reload))
        tell_made(state);
    if (cg_reload_take_kept(state->reload, &kept))
        tell_kept(state, &kept, fresh != NULL);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return b >= 0 && b < a ? b : a;
}

/* The listeners are made after plugins are loaded, so this is the first chance to look at their certificates. Where one is
 * refused for good the broker would refuse every handshake: better no broker, and a reason. */
static void check_own_certificate(struct cg_state *state)
{
    state->own_certificate_checked = true;
    if (!cg_own_watch_begin(state->own_watch, state->snapshot))
        cg_end_broker();
}

static void audit_own_certificate(struct cg_state *state)
{
    struct cg_error what = {""};
    enum cg_reason reason = cg_hook_audit_own(&what);
    if (reason == CG_REASON_UNSET)
        return;
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_AUDITED,
        .reason = reason,
        .detail = what.text,
        .hint = "Issue a new certificate for the broker (`certguard issue broker NAME`) before the rule is enforced",
    };
    cg_report(state->reporter, &event);
}

/* Ours is checked in its place: it may go. */
static void warn_of_crlfile(struct cg_state *state)
{
    if (!cg_hook_broker_has_crl())
        return;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "A listener or bridge has crlfile set, which has no effect beside certguard; Mosquitto still reads "
                  "it at SIGHUP, and 2.1 ends itself when it is no good then",
        .hint = "remove crlfile from mosquitto.conf and name the CRLs in trust.crls of the policy",
    };
    cg_report(state->reporter, &warning);
}

/* Where the answer is "nobody" since the broker does not tell listeners apart, the administrator is told. */
static void look_at_plain_listeners(struct cg_state *state, enum cg_plain_answer unknown)
{
    if (unknown != CG_PLAIN_DIFFERS || state->warned_plain == state->snapshot->number)
        return;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "The policy allows clients without TLS on some of the listeners without TLS only. Mosquitto 2.0 does "
                  "not tell plugins which one a client came to, so all of them are denied",
        .hint = CG_HINT_PLAIN_DIFFERS,
    };
    cg_report(state->reporter, &warning);
    state->warned_plain = state->snapshot->number;
}

int64_t cg_state_pulse(struct cg_state *state)
{
    if (!state->own_certificate_checked) {
        check_own_certificate(state);
        audit_own_certificate(state);
        warn_of_crlfile(state);
    }
    cg_state_take_news(state);
    enum cg_plain_answer plain = cg_state_plain(state, 0);
    look_at_plain_listeners(state, plain);
    cg_client_map_poll(state->clients);
    int64_t next = sooner(WAKE_AT_LEAST_MS, cg_hook_tick());
    next = sooner(next, cg_reporter_pulse(state->reporter));
    int64_t now = cg_clock_wall_ms() / 1000;
    next = sooner(next, cg_enforcement_judge(state->enforcement, state->snapshot, plain, now));
    next = sooner(next, cg_own_watch_poll(state->own_watch, state->snapshot, now));
    next = sooner(next, cg_warner_pulse(state->warner, state->snapshot, now));
    next = sooner(next, cg_sysinfo_pulse(state->sysinfo, state->snapshot, now));
    next = sooner(next, cg_control_pulse(state->control));
    /* the last: any record may be freed */
    next = sooner(next, cg_enforcement_end(state->enforcement));
    if (!state->ticks || next < PULSE_MAX_MS)
        cg_self_connect_due(state->self_connect, next);
    else
        cg_self_connect_due(state->self_connect, -1);
    next = sooner(PULSE_MAX_MS, next);
    return next < PULSE_MIN_MS ? PULSE_MIN_MS : next;
}

int64_t cg_state_tick(struct cg_state *state)
{
    state->ticks = true;
    state->reloading = false;
    return cg_state_pulse(state);
}

void cg_state_touch(struct cg_state *state, const struct cg_conn *conn)
{
    const struct cg_claim *claim = conn->session->claim;
    if (state->self_connect || !claim || claim->websocket)
        return;
    state->self_connect = cg_self_connect_start(&conn->local, state->ticks ? NULL : state->reload);
    if (state->self_connect || state->ticks || state->told_no_ticks)
        return;
    const struct cg_event warning = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "The broker gives plugins no time of their own (Mosquitto 2.0.11 with per_listener_settings), and it "
                  "can't be woken, so sessions are ended and stalled handshakes cut off only when a client connects",
        .hint = "use Mosquitto 2.0.21 or later, or remove per_listener_settings from mosquitto.conf",
    };
    cg_report(state->reporter, &warning);
    state->told_no_ticks = true;
}
