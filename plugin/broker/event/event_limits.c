/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "event_limits.h"

#include "budget.h"
#include "devices.h"
#include "suppress.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX 1024
#define TRY_AGAIN_MS  1000 /* nothing may be written now */

/* Each has its share of the day's limit: none can hide another. A flood of refusals is soon known for what it is; of audited
 * devices each one counts, and a fleet connects at once; strangers must not hide that a bridge fails. */
enum purse { REFUSALS = 0, DEVICES, BRIDGES, PURSES };
static const struct {
    double share, at_once;
} purses[PURSES] = {[REFUSALS] = {0.5, 0.1}, [DEVICES] = {0.4, 0.5}, [BRIDGES] = {0.1, 0.1}};

/* Why events are left out; each is told by itself. */
enum cause { FLOOD = 0, BRIDGE_FLOOD, NAMED, UNNAMED, CAUSES };
static const struct {
    enum purse purse;
    int64_t every_ms;
    const char *detail;
} causes[CAUSES] = {
    [FLOOD] = {REFUSALS, 60000, "not written, since log.daily_limit of the policy is reached"},
    [BRIDGE_FLOOD] = {BRIDGES, 60000, "of bridges, not written, since log.daily_limit of the policy is reached"},
    [NAMED] = {DEVICES, 3600000, "of devices that an earlier event names"},
    [UNNAMED] = {DEVICES, 60000, "of devices that no event names, since log.daily_limit of the policy is reached"},
};

struct left_out {
    bool any;
    int64_t since_ms;
    uint64_t count[CG_REASON_COUNT];
};

struct cg_limits {
    struct cg_suppress *addresses[PURSES];
    struct cg_devices *devices;
    struct cg_budget budget[PURSES];
    struct left_out left_out[CAUSES];
};

struct cg_limits *cg_limits_new(void)
{
    struct cg_limits *limits = calloc(1, sizeof *limits);
    if (!limits)
        return NULL;
    limits->devices = cg_devices_new();
    bool ok = limits->devices != NULL;
    for (int i = 0; i < PURSES; i++) {
        limits->addresses[i] = cg_suppress_new(ADDRESSES_MAX);
        ok = ok && limits->addresses[i];
    }
    if (ok)
        return limits;
    cg_limits_free(limits);
    return NULL;
}

void cg_limits_free(struct cg_limits *limits)
{
    if (!limits)
        return;
    for (int i = 0; i < PURSES; i++)
        cg_suppress_free(limits->addresses[i]);
    cg_devices_free(limits->devices);
    free(limits);
}

static bool has(struct cg_limits *limits, enum purse purse, int64_t now_ms, const struct cg_log_policy *policy)
{
    const struct cg_budget_limits terms = {(double)policy->daily_limit * purses[purse].share, purses[purse].at_once};
    return cg_budget_has(&limits->budget[purse], &terms, now_ms);
}

/* The same for another event: a flood must not take what is left from the summary that is due. */
static bool has_for_events(struct cg_limits *limits, enum purse purse, int64_t now_ms,
                           const struct cg_log_policy *policy)
{
    for (int i = 0; i < CAUSES; i++)
        if (causes[i].purse == purse && limits->left_out[i].any &&
            now_ms - limits->left_out[i].since_ms >= causes[i].every_ms)
            return false;
    return has(limits, purse, now_ms, policy);
}

static bool leave_out(struct cg_limits *limits, enum cause cause, enum cg_reason reason, uint64_t count, int64_t now_ms)
{
    struct left_out *left_out = &limits->left_out[cause];
    if (!left_out->any)
        *left_out = (struct left_out){.any = true, .since_ms = now_ms};
    left_out->count[(int)reason >= 0 && reason < CG_REASON_COUNT ? reason : CG_REASON_UNSET] += count;
    return false;
}

/* Of events that name nobody by itself. */
static enum cause cause_of(enum purse purse)
{
    return purse == DEVICES ? UNNAMED : purse == BRIDGES ? BRIDGE_FLOOD : FLOOD;
}

/* Whose share an event takes. */
static enum purse purse_of(const struct cg_event *event)
{
    enum cg_event_class class = cg_event_class(event);
    if (event->conn && event->conn->role == CG_ROLE_BRIDGE)
        return BRIDGES;
    return class == CG_CLASS_AUDITED || class == CG_CLASS_CLIENT ? DEVICES : REFUSALS;
}

static bool pass_address(struct cg_limits *limits, enum purse purse, const struct cg_event *event, int64_t now_ms,
                         const struct cg_log_policy *policy)
{
    const union cg_address *peer = event->conn ? &event->conn->peer : event->peer_address;
    if (!cg_suppress_pass(limits->addresses[purse], peer, event->reason, now_ms, policy))
        return false;
    return has_for_events(limits, purse, now_ms, policy) ||
           leave_out(limits, cause_of(purse), event->reason, 1, now_ms);
}

static bool pass_device(struct cg_limits *limits, const struct cg_event *event, int64_t now_ms,
                        const struct cg_log_policy *policy)
{
    unsigned char key[CG_DEVICE_KEY];
    if (!cg_devices_key(limits->devices, event, key))
        return pass_address(limits, DEVICES, event, now_ms, policy);
    if (cg_devices_known(limits->devices, key, now_ms))
        return leave_out(limits, NAMED, event->reason, 1, now_ms);
    if (!has_for_events(limits, DEVICES, now_ms, policy))
        return leave_out(limits, UNNAMED, event->reason, 1, now_ms); /* not remembered: named when there is room */
    cg_devices_add(limits->devices, key);
    return true;
}

bool cg_limits_pass(struct cg_limits *limits, const struct cg_event *event, int64_t now_ms,
                    const struct cg_log_policy *policy)
{
    switch (cg_event_class(event)) {
    case CG_CLASS_ALWAYS:
        return true;
    case CG_CLASS_ACCEPTED:
        return policy->accepted;
    case CG_CLASS_AUDITED:
        return purse_of(event) == BRIDGES ? pass_address(limits, BRIDGES, event, now_ms, policy)
                                          : pass_device(limits, event, now_ms, policy);
    case CG_CLASS_CLIENT:
        return has_for_events(limits, purse_of(event), now_ms, policy) ||
               leave_out(limits, cause_of(purse_of(event)), event->reason, 1, now_ms);
    case CG_CLASS_UNSET:
    case CG_CLASS_REFUSED:
        break;
    }
    return pass_address(limits, purse_of(event), event, now_ms, policy);
}

void cg_limits_wrote(struct cg_limits *limits, const struct cg_event *event, size_t bytes)
{
    enum cg_event_class class = cg_event_class(event);
    if (class != CG_CLASS_ALWAYS && class != CG_CLASS_ACCEPTED)
        cg_budget_spend(&limits->budget[purse_of(event)], bytes);
}

/* ---- what was left out */

struct flushing {
    struct cg_limits *limits;
    int64_t now_ms;
    bool all;
    const struct cg_log_policy *policy;
    cg_limits_tell_fn tell;
    void *context;
    enum purse purse;
};

static void tell(const struct flushing *flushing, const struct cg_event *event)
{
    size_t bytes = flushing->tell(flushing->context, event);
    cg_budget_spend(&flushing->limits->budget[flushing->purse], bytes);
}

/* The end of one address' window. Where there is no room for that either, it counts among all. */
static void tell_address(void *context, const struct cg_suppressed *what)
{
    const struct flushing *flushing = context;
    const struct cg_event event = {.type = CG_EVENT_SUPPRESSED,
                                   .reason = what->reason,
                                   .audited = flushing->purse == DEVICES,
                                   .peer = what->peer,
                                   .count = what->count,
                                   .window_ms = what->window_ms};
    if (flushing->all || has_for_events(flushing->limits, flushing->purse, flushing->now_ms, flushing->policy))
        tell(flushing, &event);
    else
        leave_out(flushing->limits, cause_of(flushing->purse), what->reason, what->count,
                  flushing->now_ms - what->window_ms);
}

/* All reasons of a cause together: they may take more than there is left, once. */
static int64_t tell_cause(const struct flushing *flushing, enum cause cause)
{
    struct left_out *left_out = &flushing->limits->left_out[cause];
    int64_t elapsed = flushing->now_ms - left_out->since_ms, due = causes[cause].every_ms - elapsed;
    if (!left_out->any)
        return -1;
    if (due > 0 && !flushing->all)
        return due;
    if (!flushing->all && !has(flushing->limits, flushing->purse, flushing->now_ms, flushing->policy))
        return TRY_AGAIN_MS;
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        const struct cg_event event = {.type = CG_EVENT_SUPPRESSED,
                                       .reason = (enum cg_reason)i,
                                       .audited = flushing->purse == DEVICES,
                                       .peer = "others",
                                       .detail = causes[cause].detail,
                                       .count = left_out->count[i],
                                       .window_ms = elapsed};
        if (event.count)
            tell(flushing, &event);
    }
    left_out->any = false;
    return -1;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t cg_limits_flush(struct cg_limits *limits, int64_t now_ms, bool all, const struct cg_log_policy *policy,
                        cg_limits_tell_fn tell_fn, void *context)
{
    struct flushing flushing = {limits, now_ms, all, policy, tell_fn, context, REFUSALS};
    int64_t next = -1;
    for (int i = 0; i < PURSES; i++) {
        flushing.purse = (enum purse)i;
        next = sooner(next, cg_suppress_flush(limits->addresses[i], now_ms, all, tell_address, &flushing));
    }
    for (int i = 0; i < CAUSES; i++) {
        flushing.purse = causes[i].purse;
        next = sooner(next, tell_cause(&flushing, (enum cause)i));
    }
    return next;
}
