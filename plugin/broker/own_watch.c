/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "own_watch.h"

#include "clock.h"

#include "core/own_certificate.h"
#include "tls/own_certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS 30000
#define LOOK_AGAIN_MS 1000 /* while one is refused */
#define SHARE         20   /* the looks take no more than this part of the time, however many listeners there are */
#define CLOCK_SET_S   60

/* A refusal that was reported. */
struct refusal {
    uint16_t port; /* 0: of more than one listener */
    enum cg_reason reason;
    char *file; /* owned; NULL: certfile */
};

struct cg_own_watch {
    struct cg_reporter *reporter;
    bool ends; /* with the broker: one event says it */
    struct refusal *refusal;
    size_t count;
    int64_t next_look_ms;
    int64_t ahead_s; /* wall clock less monotonic clock at the last look: differs when the wall clock was set */
};

struct look {
    struct cg_own_state *state;
    size_t count;
};

struct cg_own_watch *cg_own_watch_new(struct cg_reporter *reporter)
{
    struct cg_own_watch *watch = calloc(1, sizeof *watch);
    if (watch)
        watch->reporter = reporter;
    return watch;
}

static void free_refusals(struct refusal *refusal, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(refusal[i].file);
    free(refusal);
}

void cg_own_watch_free(struct cg_own_watch *watch)
{
    if (!watch)
        return;
    free_refusals(watch->refusal, watch->count);
    free(watch);
}

void cg_own_watch_changed(struct cg_own_watch *watch)
{
    watch->next_look_ms = 0;
}

/* ---- events */

static void report(struct cg_own_watch *watch, const struct cg_own_state *state, uint16_t port, bool all)
{
    char where[64], detail[sizeof(struct cg_error) + 128];
    if (port)
        snprintf(where, sizeof where, "on port %u", port);
    else
        snprintf(where, sizeof where, "%s",
                 all ? "by all listeners that would serve it" : "by the listeners that the policy does not name");
    snprintf(detail, sizeof detail, "%s; TLS handshakes are refused %s", state->detail, where);
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED,
        .reason = state->reason,
        .detail = detail,
        .certificate = state->certificate,
        .file = state->file,
        .listener = port,
        .hint = cg_own_hint(state->reason),
    };
    cg_report(watch->reporter, &event);
}

static void report_accepted(struct cg_own_watch *watch, const struct cg_own_state *state, uint16_t port)
{
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_ACCEPTED,
        .detail = "TLS handshakes are served",
        .certificate = state->certificate,
        .file = state->file,
        .listener = port,
    };
    cg_report(watch->reporter, &event);
}

void cg_own_report_refused(struct cg_reporter *reporter, enum cg_reason reason, const struct cg_error *err)
{
    const char *hint = cg_own_hint(reason);
    char detail[sizeof err->text];
    snprintf(detail, sizeof detail, "%s", err->text);
    char *same = strstr(detail, hint); /* the error says it too */
    if (same && same - detail > 2)
        same[-2] = '\0';
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED, .reason = reason, .detail = detail, .hint = hint};
    cg_report(reporter, &event);
}

bool cg_own_watch_begin(struct cg_own_watch *watch, const struct cg_snapshot *current)
{
    struct cg_own_state state;
    char detail[sizeof(struct cg_error) + 128];
    if (!cg_own_is_hopeless(current, &state))
        return true;
    snprintf(detail, sizeof detail, "no listener accepts it (certfile): %s; the broker ends now", state.detail);
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED,
        .reason = state.reason,
        .detail = detail,
        .certificate = state.certificate,
        .hint = cg_own_hint(state.reason),
    };
    cg_report(watch->reporter, &event);
    watch->ends = true;
    return false;
}

/* ---- what is new */

static bool same_file(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_refused(const struct cg_own_state *state)
{
    return state->certificate && state->reason != CG_REASON_OK;
}

/* The first of a file that every listener refuses stands for all: one event, not one a listener. */
static bool is_alone(const struct look *look, size_t index, bool *all)
{
    const struct cg_own_state *state = &look->state[index];
    bool first = true;
    size_t others = 0;
    *all = true;
    for (size_t i = 0; i < look->count; i++) {
        const struct cg_own_state *other = &look->state[i];
        if (i == index || !other->certificate || !same_file(other->file, state->file))
            continue;
        others++;
        *all = *all && other->reason == state->reason;
        first = first && i > index;
    }
    *all = *all && (others > 0 || !state->port);
    return !*all || first;
}

static bool was_told(const struct cg_own_watch *watch, const struct refusal *refusal)
{
    for (size_t i = 0; i < watch->count; i++) {
        const struct refusal *old = &watch->refusal[i];
        if (old->port == refusal->port && old->reason == refusal->reason && same_file(old->file, refusal->file))
            return true;
    }
    return false;
}

/* Nothing that serves this file is refused any more. */
static void tell_accepted(struct cg_own_watch *watch, const struct look *look, const struct refusal *old)
{
    const struct cg_own_state *served = NULL;
    for (size_t i = 0; i < look->count; i++) {
        const struct cg_own_state *state = &look->state[i];
        if (!state->certificate || !same_file(state->file, old->file) || (old->port && state->port != old->port))
            continue;
        if (is_refused(state))
            return;
        served = state;
    }
    if (served)
        report_accepted(watch, served, old->port);
}

/* Without memory the old list stays, and the next look tries again. */
static void compare(struct cg_own_watch *watch, const struct look *look)
{
    struct refusal *refusal = calloc(look->count + 1, sizeof *refusal);
    size_t count = 0;
    if (!refusal)
        return;
    for (size_t i = 0; i < look->count; i++) {
        const struct cg_own_state *state = &look->state[i];
        bool all = false;
        if (!is_refused(state) || !is_alone(look, i, &all))
            continue;
        struct refusal *now = &refusal[count];
        now->port = all ? 0 : state->port;
        now->reason = state->reason;
        now->file = state->file ? strdup(state->file) : NULL;
        if (state->file && !now->file)
            continue;
        count++;
        if (!was_told(watch, now))
            report(watch, state, now->port, all);
    }
    for (size_t i = 0; i < watch->count; i++)
        tell_accepted(watch, look, &watch->refusal[i]);
    free_refusals(watch->refusal, watch->count);
    watch->refusal = refusal;
    watch->count = count;
}

static bool look_at_all(struct cg_own_watch *watch, const struct cg_snapshot *current)
{
    struct look look = {.state = calloc(current->policy->nlisteners + 1, sizeof *look.state)};
    bool refused = !look.state;
    for (; look.state && cg_own_look(current, look.count, &look.state[look.count]); look.count++) {
        const struct cg_own_state *state = &look.state[look.count];
        refused = refused || is_refused(state);
        if (state->credential && state->reason == CG_REASON_OK && cg_credential_is_held(state->credential))
            cg_credential_let_go(state->credential);
    }
    if (look.state)
        compare(watch, &look);
    free(look.state);
    return refused;
}

int64_t cg_own_watch_poll(struct cg_own_watch *watch, const struct cg_snapshot *current, int64_t now)
{
    int64_t now_ms = cg_clock_monotonic_ms(), ahead_s = now - now_ms / 1000;
    if (watch->ends)
        return LOOK_EVERY_MS;
    if (now_ms < watch->next_look_ms && llabs(ahead_s - watch->ahead_s) < CLOCK_SET_S)
        return watch->next_look_ms - now_ms;
    watch->ahead_s = ahead_s;
    int64_t wait_ms = look_at_all(watch, current) ? LOOK_AGAIN_MS : LOOK_EVERY_MS;
    int64_t end_ms = cg_clock_monotonic_ms(), least_ms = (end_ms - now_ms) * SHARE;
    wait_ms = wait_ms > least_ms ? wait_ms : least_ms;
    watch->next_look_ms = end_ms + wait_ms;
    return wait_ms;
}
