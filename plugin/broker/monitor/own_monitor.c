/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "own_monitor.h"

#include "broker/base/clock.h"

#include "core/own_certificate.h"
#include "tls/credential/own_certificate.h"
#include "tls/credential/own_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_EVERY_MS 30000
#define RECHECK_MS     1000 /* while a certificate is rejected */
#define SHARE          20   /* checks use at most 1/SHARE of the time, even with many listeners */
#define CLOCK_SET_S    60

/* Result of the last check, for comparison with the next one. */
struct known {
    enum cg_own_kind kind;
    uint64_t id;
    uint16_t port;
    bool port_known;
    enum cg_reason reason;
    unsigned char digest[CG_OWN_DIGEST];
};

struct scan {
    struct cg_own_state *state; /* owned */
    size_t count;
    bool failed; /* out of memory: some states are missing */
};

struct cg_own_monitor {
    struct cg_reporter *reporter;
    bool ends;           /* the broker ends; nothing more is reported */
    struct known *known; /* owned: of the last check */
    size_t count;
    uint64_t ports_learned; /* cg_own_ports_learned() before the last check */
    int64_t next_check_ms;
    int64_t ahead_s; /* wall clock minus monotonic clock at the last check; changes if the wall clock is set */
};

struct cg_own_monitor *cg_own_monitor_new(struct cg_reporter *reporter)
{
    struct cg_own_monitor *monitor = calloc(1, sizeof *monitor);
    if (monitor)
        monitor->reporter = reporter;
    return monitor;
}

void cg_own_monitor_free(struct cg_own_monitor *monitor)
{
    if (!monitor)
        return;
    free(monitor->known);
    free(monitor);
}

void cg_own_monitor_changed(struct cg_own_monitor *monitor)
{
    monitor->next_check_ms = 0;
}

/* ---- events */

static void report(struct cg_own_monitor *monitor, const struct cg_own_state *state, uint16_t port, bool all)
{
    char where[64], detail[sizeof(struct cg_error) + 128];
    if (port)
        snprintf(where, sizeof where, "on port %u", port);
    else
        snprintf(where, sizeof where, "%s",
                 all ? "on all listeners that serve it" : "on the listeners that the policy does not name");
    snprintf(detail, sizeof detail, "%s; TLS handshakes%s are refused %s", state->detail,
             state->has_others ? " that need it" : "", where);
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED,
        .reason = state->reason,
        .detail = detail,
        .certificate = state->certificate,
        .file = state->file,
        .listener = port,
        .fix = cg_reason_fix(state->reason, CG_OF_BROKER),
    };
    cg_reporter_write(monitor->reporter, &event);
}

static void report_accepted(struct cg_own_monitor *monitor, const struct cg_own_state *state, uint16_t port)
{
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_ACCEPTED,
        .detail = state->has_others ? "it is served" : "the broker accepts TLS handshakes",
        .certificate = state->certificate,
        .file = state->file,
        .listener = port,
    };
    cg_reporter_write(monitor->reporter, &event);
}

void cg_own_report_rejected(struct cg_reporter *reporter, enum cg_reason reason, const struct cg_error *err)
{
    const char *fix = cg_reason_fix(reason, CG_OF_BROKER);
    char detail[sizeof err->text];
    snprintf(detail, sizeof detail, "%s", err->text);
    char *same = strstr(detail, fix); /* the error contains the fix, too */
    if (same && same - detail > 2)
        same[-2] = '\0';
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED, .reason = reason, .detail = detail, .fix = fix};
    cg_reporter_write(reporter, &event);
}

bool cg_own_monitor_start(struct cg_own_monitor *monitor, const struct cg_snapshot *current)
{
    struct cg_own_state state;
    char detail[sizeof(struct cg_error) + 128];
    if (!cg_own_is_unusable(current, &state))
        return true;
    snprintf(detail, sizeof detail, "no listener accepts the certfile: %s; the broker exits", state.detail);
    const struct cg_event event = {
        .type = CG_EVENT_BROKER_CERTIFICATE_REJECTED,
        .reason = state.reason,
        .detail = detail,
        .certificate = state.certificate,
        .fix = cg_reason_fix(state.reason, CG_OF_BROKER),
    };
    cg_reporter_write(monitor->reporter, &event);
    monitor->ends = true;
    return false;
}

/* ---- changes since the last check */

static bool same_file(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_rejected(const struct cg_own_state *state)
{
    return state->reason != CG_REASON_OK;
}

static bool same_certificate(const struct cg_own_state *a, const struct cg_own_state *b)
{
    return memcmp(a->digest, b->digest, sizeof a->digest) == 0 && same_file(a->file, b->file);
}

/* The result of the last check; for an SSL_CTX whose port has just become known, the result of its listener. */
static const struct known *previous(const struct cg_own_monitor *monitor, const struct cg_own_state *state)
{
    const struct known *same = NULL, *listener = NULL;
    for (size_t i = 0; i < monitor->count; i++) {
        const struct known *old = &monitor->known[i];
        if (old->kind == state->kind && old->id == state->id)
            same = old;
        else if (old->kind == CG_OWN_LISTENER && state->kind == CG_OWN_CONTEXT && old->port == state->port &&
                 old->reason != CG_REASON_OK)
            listener = old;
    }
    bool learned = same && !same->port_known && state->port_known && same->reason == CG_REASON_OK;
    return learned && listener ? listener : same;
}

/* It is rejected, and this has not been reported. */
static bool is_newly_rejected(const struct cg_own_monitor *monitor, const struct cg_own_state *state)
{
    const struct known *old = previous(monitor, state);
    return is_rejected(state) &&
           !(old && old->reason == state->reason && memcmp(old->digest, state->digest, sizeof old->digest) == 0);
}

static bool is_newly_accepted(const struct cg_own_monitor *monitor, const struct cg_own_state *state)
{
    const struct known *old = previous(monitor, state);
    return !is_rejected(state) && old && old->reason != CG_REASON_OK;
}

/* is_newly_rejected or is_newly_accepted */
typedef bool changed_fn(const struct cg_own_monitor *monitor, const struct cg_own_state *state);

/* Whether the result has changed in the same way for all listeners with this certificate. Then one event reports it for all
 * of them, otherwise one event per port. */
static bool all_changed(const struct cg_own_monitor *monitor, const struct scan *scan, const struct cg_own_state *state,
                        changed_fn *changed)
{
    bool all = true;
    for (size_t i = 0; i < scan->count; i++) {
        const struct cg_own_state *other = &scan->state[i];
        if (same_certificate(other, state))
            all = all && other->reason == state->reason && changed(monitor, other);
    }
    return all;
}

static bool is_first(const struct cg_own_monitor *monitor, const struct scan *scan, size_t index, bool all,
                     changed_fn *changed)
{
    const struct cg_own_state *state = &scan->state[index];
    for (size_t i = 0; i < index; i++) {
        const struct cg_own_state *other = &scan->state[i];
        if (same_certificate(other, state) && other->reason == state->reason && changed(monitor, other) &&
            (all || other->port == state->port))
            return false;
    }
    return true;
}

/* Whether this certificate is used only by the listener on one known port. */
static bool is_of_one_port(const struct scan *scan, const struct cg_own_state *state)
{
    for (size_t i = 0; i < scan->count; i++)
        if (same_certificate(&scan->state[i], state) && scan->state[i].port != state->port)
            return false;
    return state->port != 0;
}

static void report_changes(struct cg_own_monitor *monitor, const struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        const struct cg_own_state *state = &scan->state[i];
        bool rejected = is_newly_rejected(monitor, state);
        if (!rejected && !is_newly_accepted(monitor, state))
            continue;
        changed_fn *changed = rejected ? is_newly_rejected : is_newly_accepted;
        bool all = all_changed(monitor, scan, state, changed);
        if (!is_first(monitor, scan, i, all, changed))
            continue;
        bool one_port = is_of_one_port(scan, state);
        uint16_t port = all && !one_port ? 0 : state->port;
        if (rejected)
            report(monitor, state, port, (all && !one_port) || (state->kind == CG_OWN_CONTEXT && !state->port_known));
        else
            report_accepted(monitor, state, port);
    }
}

/* If memory runs out, the last result stays, and the next check tries again. */
static bool remember(struct cg_own_monitor *monitor, const struct scan *scan)
{
    struct known *known = calloc(scan->count + 1, sizeof *known);
    if (!known)
        return false;
    for (size_t i = 0; i < scan->count; i++) {
        const struct cg_own_state *state = &scan->state[i];
        known[i] = (struct known){state->kind, state->id, state->port, state->port_known, state->reason, {0}};
        memcpy(known[i].digest, state->digest, sizeof state->digest);
    }
    report_changes(monitor, scan);
    free(monitor->known);
    monitor->known = known;
    monitor->count = scan->count;
    return true;
}

static void add_state(void *argument, const struct cg_own_state *state)
{
    struct scan *scan = argument;
    struct cg_own_state *grown = realloc(scan->state, (scan->count + 1) * sizeof *grown);
    if (grown) {
        scan->state = grown;
        grown[scan->count++] = *state;
    }
    scan->failed = scan->failed || !grown;
    if (state->credential && !is_rejected(state) && cg_credential_is_held(state->credential))
        cg_credential_release(state->credential);
}

/* Returns the ms until the next check. */
static int64_t check_all(struct cg_own_monitor *monitor, const struct cg_snapshot *current, int64_t now)
{
    int64_t wait_ms = CHECK_EVERY_MS;
    struct scan scan = {NULL, 0, false};
    monitor->ports_learned = cg_own_ports_learned();
    bool refused = !cg_own_scan(current, add_state, &scan) || scan.failed || !remember(monitor, &scan);
    for (size_t i = 0; i < scan.count; i++) {
        const struct cg_own_state *state = &scan.state[i];
        refused = refused || is_rejected(state);
        if (!is_rejected(state) && state->until - now < CHECK_EVERY_MS / 1000 && state->until >= now)
            wait_ms = cg_sooner_ms(wait_ms, (state->until - now + 1) * 1000);
    }
    free(scan.state);
    return refused ? RECHECK_MS : wait_ms;
}

int64_t cg_own_monitor_poll(struct cg_own_monitor *monitor, const struct cg_snapshot *current, int64_t now)
{
    int64_t now_ms = cg_clock_monotonic_ms(), ahead_s = now - now_ms / 1000;
    if (monitor->ends)
        return CHECK_EVERY_MS;
    bool learned = monitor->ports_learned != cg_own_ports_learned();
    if (!learned && now_ms < monitor->next_check_ms && llabs(ahead_s - monitor->ahead_s) < CLOCK_SET_S)
        return monitor->next_check_ms - now_ms;
    monitor->ahead_s = ahead_s;
    int64_t wait_ms = check_all(monitor, current, now);
    int64_t end_ms = cg_clock_monotonic_ms(), least_ms = (end_ms - now_ms) * SHARE;
    wait_ms = wait_ms > least_ms ? wait_ms : least_ms;
    monitor->next_check_ms = end_ms + wait_ms;
    return wait_ms;
}
