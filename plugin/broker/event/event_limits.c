/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "event_limits.h"

#include "broker/base/clock.h"
#include "budget.h"
#include "devices.h"
#include "suppress.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX 1024
#define RETRY_MS      1000 /* if the budget is used up */

/* Each group of events has its own share of the daily limit, so that none can hide another: refused peers must hide neither
 * audited devices nor a failing bridge. Devices can use half of their share at once, since a whole fleet may reconnect. */
enum group { REFUSALS = 0, DEVICES, BRIDGES, GROUPS };
static const struct {
    double share, burst;
} groups[GROUPS] = {[REFUSALS] = {0.5, 0.1}, [DEVICES] = {0.4, 0.5}, [BRIDGES] = {0.1, 0.1}};

/* Causes of suppression; each is reported separately. */
enum cause { FLOOD = 0, BRIDGE_FLOOD, NAMED, UNNAMED, CAUSES };
static const struct {
    enum group group;
    int64_t every_ms;
    const char *detail;
} causes[CAUSES] = {
    [FLOOD] = {REFUSALS, 60000, "beyond log.daily_limit of the policy"},
    [BRIDGE_FLOOD] = {BRIDGES, 60000, "bridges: beyond log.daily_limit of the policy"},
    [NAMED] = {DEVICES, 3600000, "devices named in an earlier event"},
    [UNNAMED] = {DEVICES, 60000, "devices not named in any event: beyond log.daily_limit of the policy"},
};

struct suppressed {
    bool any;
    int64_t since_ms;
    uint64_t count[CG_REASON_COUNT];
};

struct cg_limits {
    struct cg_suppress *addresses[GROUPS];
    struct cg_devices *devices;
    struct cg_budget budget[GROUPS];
    struct suppressed suppressed[CAUSES];
};

struct cg_limits *cg_limits_new(void)
{
    struct cg_limits *limits = calloc(1, sizeof *limits);
    if (!limits)
        return NULL;
    limits->devices = cg_devices_new();
    bool ok = limits->devices != NULL;
    for (int i = 0; i < GROUPS; i++) {
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
    for (int i = 0; i < GROUPS; i++)
        cg_suppress_free(limits->addresses[i]);
    cg_devices_free(limits->devices);
    free(limits);
}

static bool has_budget(struct cg_limits *limits, enum group group, int64_t now_ms, const struct cg_log_policy *policy)
{
    const struct cg_budget_limits share = {(double)policy->daily_limit * groups[group].share, groups[group].burst};
    return cg_budget_has(&limits->budget[group], &share, now_ms);
}

/* False if a summary is due: single events must not use the budget that it needs. */
static bool has_budget_for_event(struct cg_limits *limits, enum group group, int64_t now_ms,
                                 const struct cg_log_policy *policy)
{
    for (int i = 0; i < CAUSES; i++)
        if (causes[i].group == group && limits->suppressed[i].any &&
            now_ms - limits->suppressed[i].since_ms >= causes[i].every_ms)
            return false;
    return has_budget(limits, group, now_ms, policy);
}

static bool count_suppressed(struct cg_limits *limits, enum cause cause, enum cg_reason reason, uint64_t count,
                             int64_t now_ms)
{
    struct suppressed *suppressed = &limits->suppressed[cause];
    if (!suppressed->any)
        *suppressed = (struct suppressed){.any = true, .since_ms = now_ms};
    suppressed->count[(int)reason >= 0 && reason < CG_REASON_COUNT ? reason : CG_REASON_UNSET] += count;
    return false;
}

/* The cause for events without a device key. */
static enum cause cause_of(enum group group)
{
    return group == DEVICES ? UNNAMED : group == BRIDGES ? BRIDGE_FLOOD : FLOOD;
}

static enum group group_of(const struct cg_event *event)
{
    enum cg_event_class class = cg_event_class(event);
    if (event->conn && event->conn->role == CG_ROLE_BRIDGE)
        return BRIDGES;
    return class == CG_CLASS_AUDITED || class == CG_CLASS_CLIENT ? DEVICES : REFUSALS;
}

static bool pass_address(struct cg_limits *limits, enum group group, const struct cg_event *event, int64_t now_ms,
                         const struct cg_log_policy *policy)
{
    const union cg_address *peer = event->conn ? &event->conn->peer : event->peer_address;
    if (!cg_suppress_pass(limits->addresses[group], peer, event->reason, now_ms, policy))
        return false;
    return has_budget_for_event(limits, group, now_ms, policy) ||
           count_suppressed(limits, cause_of(group), event->reason, 1, now_ms);
}

static bool pass_device(struct cg_limits *limits, const struct cg_event *event, int64_t now_ms,
                        const struct cg_log_policy *policy)
{
    unsigned char key[CG_DEVICE_KEY];
    if (!cg_devices_key(limits->devices, event, key))
        return pass_address(limits, DEVICES, event, now_ms, policy);
    if (cg_devices_known(limits->devices, key, now_ms))
        return count_suppressed(limits, NAMED, event->reason, 1, now_ms);
    if (!has_budget_for_event(limits, DEVICES, now_ms, policy))
        return count_suppressed(limits, UNNAMED, event->reason, 1,
                                now_ms); /* not added: it is named once the budget allows it */
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
        return group_of(event) == BRIDGES ? pass_address(limits, BRIDGES, event, now_ms, policy)
                                          : pass_device(limits, event, now_ms, policy);
    case CG_CLASS_CLIENT:
        return has_budget_for_event(limits, group_of(event), now_ms, policy) ||
               count_suppressed(limits, cause_of(group_of(event)), event->reason, 1, now_ms);
    case CG_CLASS_UNSET:
    case CG_CLASS_REFUSED:
        break;
    }
    return pass_address(limits, group_of(event), event, now_ms, policy);
}

void cg_limits_wrote(struct cg_limits *limits, const struct cg_event *event, size_t bytes)
{
    enum cg_event_class class = cg_event_class(event);
    if (class != CG_CLASS_ALWAYS && class != CG_CLASS_ACCEPTED)
        cg_budget_spend(&limits->budget[group_of(event)], bytes);
}

/* ---- summaries */

struct flushing {
    struct cg_limits *limits;
    int64_t now_ms;
    bool all;
    const struct cg_log_policy *policy;
    cg_limits_report_fn report;
    void *context;
    enum group group;
};

static void report(const struct flushing *flushing, const struct cg_event *event)
{
    size_t bytes = flushing->report(flushing->context, event);
    cg_budget_spend(&flushing->limits->budget[flushing->group], bytes);
}

/* The end of one address' window. If the budget does not allow a summary, its count moves to the cause's. */
static void report_address(void *context, const struct cg_suppressed *what)
{
    const struct flushing *flushing = context;
    const struct cg_event event = {.type = CG_EVENT_SUPPRESSED,
                                   .reason = what->reason,
                                   .audited = flushing->group == DEVICES,
                                   .peer = what->peer,
                                   .count = what->count,
                                   .window_ms = what->window_ms};
    if (flushing->all || has_budget_for_event(flushing->limits, flushing->group, flushing->now_ms, flushing->policy))
        report(flushing, &event);
    else
        count_suppressed(flushing->limits, cause_of(flushing->group), what->reason, what->count,
                         flushing->now_ms - what->window_ms);
}

/* Reports all reasons of a cause together, which may exceed the budget once. */
static int64_t report_cause(const struct flushing *flushing, enum cause cause)
{
    struct suppressed *suppressed = &flushing->limits->suppressed[cause];
    int64_t elapsed = flushing->now_ms - suppressed->since_ms, due = causes[cause].every_ms - elapsed;
    if (!suppressed->any)
        return -1;
    if (due > 0 && !flushing->all)
        return due;
    if (!flushing->all && !has_budget(flushing->limits, flushing->group, flushing->now_ms, flushing->policy))
        return RETRY_MS;
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        const struct cg_event event = {.type = CG_EVENT_SUPPRESSED,
                                       .reason = (enum cg_reason)i,
                                       .audited = flushing->group == DEVICES,
                                       .peer = "others",
                                       .detail = causes[cause].detail,
                                       .count = suppressed->count[i],
                                       .window_ms = elapsed};
        if (event.count)
            report(flushing, &event);
    }
    suppressed->any = false;
    return -1;
}

int64_t cg_limits_flush(struct cg_limits *limits, int64_t now_ms, bool all, const struct cg_log_policy *policy,
                        cg_limits_report_fn report_fn, void *context)
{
    struct flushing flushing = {limits, now_ms, all, policy, report_fn, context, REFUSALS};
    int64_t next = -1;
    for (int i = 0; i < GROUPS; i++) {
        flushing.group = (enum group)i;
        next = cg_sooner_ms(next, cg_suppress_flush(limits->addresses[i], now_ms, all, report_address, &flushing));
    }
    for (int i = 0; i < CAUSES; i++) {
        flushing.group = causes[i].group;
        next = cg_sooner_ms(next, report_cause(&flushing, (enum cause)i));
    }
    return next;
}
