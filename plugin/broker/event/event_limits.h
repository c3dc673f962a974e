/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Limits on events that peers can cause: the first few events per address and reason (suppress.h), one event per audited
 * device in some hours (devices.h), and a number of bytes per day (budget.h). Suppressed events are counted by reason and
 * reported from time to time. Pure: time is an argument. Owned by the reporter; main thread only. */
#ifndef CG_EVENT_LIMITS_H
#define CG_EVENT_LIMITS_H

#include "event.h"

#include "core/policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_limits;

struct cg_limits *cg_limits_new(void); /* NULL: out of memory */
void cg_limits_free(struct cg_limits *limits);

/* True: write the event and pass the length of its line to cg_limits_wrote(). False: the event was counted. */
bool cg_limits_pass(struct cg_limits *limits, const struct cg_event *event, int64_t now_ms,
                    const struct cg_log_policy *policy);
void cg_limits_wrote(struct cg_limits *limits, const struct cg_event *event, size_t bytes);

/* Writes a suppressed event and returns the length of its line. */
typedef size_t (*cg_limits_report_fn)(void *context, const struct cg_event *event);

/* Reports the counts that are due, or all of them if all is true. Returns the ms until more are due, -1 for none. */
int64_t cg_limits_flush(struct cg_limits *limits, int64_t now_ms, bool all, const struct cg_log_policy *policy,
                        cg_limits_report_fn report, void *context);

#endif
