/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where all events go through: floods are held back, lines go to the writer thread, a plain line to the broker's
 * log. Owned by the plugin's state; main thread only. */
#ifndef CG_REPORTER_H
#define CG_REPORTER_H

#include "counters.h"
#include "event.h"

#include "core/base/error.h"
#include "core/policy/policy.h"

struct cg_reporter;

/* Writes one line to the broker's log; text has no control characters and no newline. */
typedef void (*cg_broker_log_fn)(enum cg_level level, const char *text);

/* Events go to policy->file; "-" or NULL: only to the broker's log. Nothing of policy is kept. */
struct cg_reporter *cg_reporter_open(const struct cg_log_policy *policy, cg_broker_log_fn broker_log,
                                     struct cg_error *err);

/* A new policy is in force: its switches and numbers hold from the next event on, and where it names another file or syslog,
 * events go there. */
void cg_reporter_apply(struct cg_reporter *reporter, const struct cg_log_policy *policy);

/* Tells what was held back, writes what waits, and ends the writer. NULL is fine. */
void cg_reporter_close(struct cg_reporter *reporter);

/* Counts the event and writes it; at_ms is filled in. Events that a peer can cause are subject to the policy's burst,
 * accepted handshakes are written only where the policy asks for them. */
void cg_reporter_write(struct cg_reporter *reporter, const struct cg_event *event);

/* Ends windows that are over and tells when the file takes no lines. Returns ms until it has work, -1 for none. */
int64_t cg_reporter_poll(struct cg_reporter *reporter);

void cg_reporter_reopen(struct cg_reporter *reporter);
void cg_reporter_set_kept(struct cg_reporter *reporter, size_t parts);              /* counters->parts_kept */
const struct cg_counters *cg_reporter_counters(const struct cg_reporter *reporter); /* borrowed */

#endif
