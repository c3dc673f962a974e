/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "own_monitor.h"

#include "broker/base/clock.h"

#include "core/own_certificate.h"
#include "tls/credential/own_certificate.h"
#include "tls/credential/own_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS 30000
#define LOOK_AGAIN_MS 1000 /* while one is refused */
#define SHARE         20   /* the looks take no more than this part of the time, however many listeners there are */
#define CLOCK_SET_S   60

/* What one look sees of what can serve a certificate, and the next one compares with. */
struct known {
    enum cg_own_kind kind;
    uint64_t id;
    uint16_t port;
    bool port_known;
    enum cg_reason reason;
    unsigned char digest[CG_OWN_DIGEST];
};

struct look {
    struct cg_own_state *state; /* owned */
    size_t count;
    bool failed; /* no memory for all of it */
};

struct cg_own_monitor {
    struct cg_reporter *reporter;
    bool ends;           /* with the broker: one event says it */
    struct known *known; /* owned: of the last look */
    size_t count;
    uint64_t ports_learned; /* before it */
    int64_t next_look_ms;
    int64_t ahead_s; /* wall clock less monotonic clock at the last look: differs when the wall clock was set */
};

struct cg_own_monitor *cg_own_monitor_new(struct cg_reporter *reporter)
{
    struct cg_own_monitor *watch = calloc(1, sizeof *watch);
    if (watch)
        watch->reporter = reporter;
    return watch;
}

void cg_own_monitor_free(struct cg_own_monitor *watch)
{
    if (!watch)
        return;
    free(watch->known);
    free(watch);
}

void cg_own_monitor_changed(struct cg_own_monitor *watch)
{
    watch->next_look_ms = 0;
}

/* ---- events */

static void report(struct cg_own_monitor *watch, const struct cg_own_state *state, uint16_t port, bool all)
{
    char where[64], detail[sizeof(struct cg_error) + 128];
    if (port)
        snprintf(where, sizeof where, "on port %u", port);
    else
        snprintf(where, sizeof where, "%s",
                 all ? "on all listeners that serve it" : "on the listeners that the policy does not name");
    snprintf(detail, sizeof detail, "%s; TLS handshakes are refused %s", state->detail, where);
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED,
        .reason = state->reason,
        .detail = detail,
        .certificate = state->certificate,
        .file = state->file,
        .listener = port,
        .fix = cg_reason_fix(state->reason, CG_OF_BROKER),
    };
    cg_reporter_write(watch->reporter, &event);
}

static void report_accepted(struct cg_own_monitor *watch, const struct cg_own_state *state, uint16_t port)
{
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_ACCEPTED,
        .detail = "the broker accepts TLS handshakes",
        .certificate = state->certificate,
        .file = state->file,
        .listener = port,
    };
    cg_reporter_write(watch->reporter, &event);
}

void cg_own_report_rejected(struct cg_reporter *reporter, enum cg_reason reason, const struct cg_error *err)
{
    const char *fix = cg_reason_fix(reason, CG_OF_BROKER);
    char detail[sizeof err->text];
    snprintf(detail, sizeof detail, "%s", err->text);
    char *same = strstr(detail, fix); /* the error says it too */
    if (same && same - detail > 2)
        same[-2] = '\0';
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED, .reason = reason, .detail = detail, .fix = fix};
    cg_reporter_write(reporter, &event);
}

bool cg_own_monitor_start(struct cg_own_monitor *watch, const struct cg_snapshot *current)
{
    struct cg_own_state state;
    char detail[sizeof(struct cg_error) + 128];
    if (!cg_own_is_hopeless(current, &state))
        return true;
    snprintf(detail, sizeof detail, "no listener accepts the certfile: %s; the broker exits", state.detail);
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED,
        .reason = state.reason,
        .detail = detail,
        .certificate = state.certificate,
        .fix = cg_reason_fix(state.reason, CG_OF_BROKER),
    };
    cg_reporter_write(watch->reporter, &event);
    watch->ends = true;
    return false;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- what is new */

static bool same_file(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_refused(const struct cg_own_state *state)
{
    return state->reason != CG_REASON_OK;
}

static bool same_certificate(const struct cg_own_state *a, const struct cg_own_state *b)
{
    return memcmp(a->digest, b->digest, sizeof a->digest) == 0 && same_file(a->file, b->file);
}

/* The same one at the last look. Of an SSL_CTX whose port has just become known, what was told of its listener. */
static const struct known *before(const struct cg_own_monitor *watch, const struct cg_own_state *state)
{
    const struct known *same = NULL, *listener = NULL;
    for (size_t i = 0; i < watch->count; i++) {
        const struct known *old = &watch->known[i];
        if (old->kind == state->kind && old->id == state->id)
            same = old;
        else if (old->kind == CG_OWN_LISTENER && state->kind == CG_OWN_CONTEXT && old->port == state->port &&
                 old->reason != CG_REASON_OK)
            listener = old;
    }
    bool learned = same && !same->port_known && state->port_known && same->reason == CG_REASON_OK;
    return learned && listener ? listener : same;
}

/* Its refusal has not been told. */
static bool turns_bad(const struct cg_own_monitor *watch, const struct cg_own_state *state)
{
    const struct known *old = before(watch, state);
    return is_refused(state) &&
           !(old && old->reason == state->reason && memcmp(old->digest, state->digest, sizeof old->digest) == 0);
}

static bool turns_good(const struct cg_own_monitor *watch, const struct cg_own_state *state)
{
    const struct known *old = before(watch, state);
    return !is_refused(state) && old && old->reason != CG_REASON_OK;
}

/* One event, not one a listener: of all that have this certificate, where the same is new of each of them, else of those of
 * one port. */
static bool all_turn(const struct cg_own_monitor *watch, const struct look *look, const struct cg_own_state *state,
                     bool (*turns)(const struct cg_own_monitor *watch, const struct cg_own_state *state))
{
    bool all = true;
    for (size_t i = 0; i < look->count; i++) {
        const struct cg_own_state *other = &look->state[i];
        if (same_certificate(other, state))
            all = all && other->reason == state->reason && turns(watch, other);
    }
    return all;
}

static bool is_first(const struct cg_own_monitor *watch, const struct look *look, size_t index, bool all,
                     bool (*turns)(const struct cg_own_monitor *watch, const struct cg_own_state *state))
{
    const struct cg_own_state *state = &look->state[index];
    for (size_t i = 0; i < index; i++) {
        const struct cg_own_state *other = &look->state[i];
        if (same_certificate(other, state) && other->reason == state->reason && turns(watch, other) &&
            (all || other->port == state->port))
            return false;
    }
    return true;
}

/* All that have this certificate are of one listener that has a name. */
static bool is_of_one_port(const struct look *look, const struct cg_own_state *state)
{
    for (size_t i = 0; i < look->count; i++)
        if (same_certificate(&look->state[i], state) && look->state[i].port != state->port)
            return false;
    return state->port != 0;
}

static void tell_news(struct cg_own_monitor *watch, const struct look *look)
{
    for (size_t i = 0; i < look->count; i++) {
        const struct cg_own_state *state = &look->state[i];
        bool bad = turns_bad(watch, state);
        if (!bad && !turns_good(watch, state))
            continue;
        bool all = all_turn(watch, look, state, bad ? turns_bad : turns_good);
        if (!is_first(watch, look, i, all, bad ? turns_bad : turns_good))
            continue;
        bool one_port = is_of_one_port(look, state);
        uint16_t port = all && !one_port ? 0 : state->port;
        if (bad)
            report(watch, state, port, (all && !one_port) || (state->kind == CG_OWN_CONTEXT && !state->port_known));
        else
            report_accepted(watch, state, port);
    }
}

/* Without memory the last look stays, and the next one tries again. */
static bool remember(struct cg_own_monitor *watch, const struct look *look)
{
    struct known *known = calloc(look->count + 1, sizeof *known);
    if (!known)
        return false;
    for (size_t i = 0; i < look->count; i++) {
        const struct cg_own_state *state = &look->state[i];
        known[i] = (struct known){state->kind, state->id, state->port, state->port_known, state->reason, {0}};
        memcpy(known[i].digest, state->digest, sizeof state->digest);
    }
    tell_news(watch, look);
    free(watch->known);
    watch->known = known;
    watch->count = look->count;
    return true;
}

static void see(void *argument, const struct cg_own_state *state)
{
    struct look *look = argument;
    struct cg_own_state *grown = realloc(look->state, (look->count + 1) * sizeof *grown);
    if (grown) {
        look->state = grown;
        grown[look->count++] = *state;
    }
    look->failed = look->failed || !grown;
    if (state->credential && !is_refused(state) && cg_credential_is_held(state->credential))
        cg_credential_release(state->credential);
}

/* Returns ms until it is to be done again. */
static int64_t look_at_all(struct cg_own_monitor *watch, const struct cg_snapshot *current, int64_t now)
{
    int64_t wait_ms = LOOK_EVERY_MS;
    struct look look = {NULL, 0, false};
    watch->ports_learned = cg_own_ports_learned();
    bool refused = !cg_own_scan(current, see, &look) || look.failed || !remember(watch, &look);
    for (size_t i = 0; i < look.count; i++) {
        const struct cg_own_state *state = &look.state[i];
        refused = refused || is_refused(state);
        if (!is_refused(state) && state->until - now < LOOK_EVERY_MS / 1000 && state->until >= now)
            wait_ms = smaller(wait_ms, (state->until - now + 1) * 1000);
    }
    free(look.state);
    return refused ? LOOK_AGAIN_MS : wait_ms;
}

int64_t cg_own_monitor_poll(struct cg_own_monitor *watch, const struct cg_snapshot *current, int64_t now)
{
    int64_t now_ms = cg_clock_monotonic_ms(), ahead_s = now - now_ms / 1000;
    if (watch->ends)
        return LOOK_EVERY_MS;
    bool learned = watch->ports_learned != cg_own_ports_learned();
    if (!learned && now_ms < watch->next_look_ms && llabs(ahead_s - watch->ahead_s) < CLOCK_SET_S)
        return watch->next_look_ms - now_ms;
    watch->ahead_s = ahead_s;
    int64_t wait_ms = look_at_all(watch, current, now);
    int64_t end_ms = cg_clock_monotonic_ms(), least_ms = (end_ms - now_ms) * SHARE;
    wait_ms = wait_ms > least_ms ? wait_ms : least_ms;
    watch->next_look_ms = end_ms + wait_ms;
    return wait_ms;
}
