/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What of the events that peers can cause is written: the first few of one address and reason (suppress.h), each audited
 * device once in some hours (devices.h), and no more bytes a day than the policy says, whatever the number of addresses.
 * What is left out is counted by reason and told from time to time. Pure: time comes in.
 * Owned by the reporter; main thread only. */
#ifndef CG_EVENT_LIMITS_H
#define CG_EVENT_LIMITS_H

#include "event.h"

#include "core/policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_limits;

struct cg_limits *cg_limits_new(void); /* NULL without memory */
void cg_limits_free(struct cg_limits *limits);

/* True: write the event, then say how long its line was. False: it is counted. */
bool cg_limits_pass(struct cg_limits *limits, const struct cg_event *event, int64_t now_ms,
                    const struct cg_log_policy *policy);
void cg_limits_wrote(struct cg_limits *limits, const struct cg_event *event, size_t bytes);

/* Writes an event that tells what was left out, and returns the length of its line. */
typedef size_t (*cg_limits_tell_fn)(void *context, const struct cg_event *event);

/* Tells what is due (all of it where all is true). Returns the ms until more is due, -1 for none. */
int64_t cg_limits_flush(struct cg_limits *limits, int64_t now_ms, bool all, const struct cg_log_policy *policy,
                        cg_limits_tell_fn tell, void *context);

#endif
