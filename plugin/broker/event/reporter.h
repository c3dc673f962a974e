/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Counts and limits all events, and writes them to the event log and the broker's log. Owned by the plugin's state; main
 * thread only. */
#ifndef CG_REPORTER_H
#define CG_REPORTER_H

#include "counters.h"
#include "event.h"

#include "core/base/error.h"
#include "core/policy/policy.h"

struct cg_reporter;

/* Writes one line to the broker's log; text has no control characters and no newline. */
typedef void (*cg_broker_log_fn)(enum cg_level level, const char *text);

/* Events go to policy->file, or only to the broker's log if it is "-" or NULL. policy is copied. NULL and *err on failure. */
struct cg_reporter *cg_reporter_open(const struct cg_log_policy *policy, cg_broker_log_fn broker_log,
                                     struct cg_error *err);

/* Applies a new policy, starting with the next event. */
void cg_reporter_apply(struct cg_reporter *reporter, const struct cg_log_policy *policy);

/* Reports suppressed events, writes the queue and ends the writer. Accepts NULL. */
void cg_reporter_close(struct cg_reporter *reporter);

/* Counts the event and, if the limits allow it, writes it. Sets at_ms. */
void cg_reporter_write(struct cg_reporter *reporter, const struct cg_event *event);

/* Reports suppressed events that are due, and failures to write the log. Returns the ms until it has work, -1 for none. */
int64_t cg_reporter_poll(struct cg_reporter *reporter);

void cg_reporter_reopen(struct cg_reporter *reporter);
void cg_reporter_set_kept(struct cg_reporter *reporter, size_t parts);              /* counters->parts_kept */
const struct cg_counters *cg_reporter_counters(const struct cg_reporter *reporter); /* borrowed */

#endif
