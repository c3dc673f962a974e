/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* When certificates were last seen in an event log: the newest event that accepted one, and the newest that refused one.
 * The caller owns the struct. Called by the verb show. */
#ifndef CG_LOG_SEEN_H
#define CG_LOG_SEEN_H

#include "base/json.h"
#include "core/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct cg_log_seen {
    const char *const *serials; /* in the form of events; NULL-terminated; borrowed */
    const char *issuer;         /* borrowed: other CAs use the same serial numbers */
    cJSON *accepted, *rejected; /* the events; NULL: none */
    int64_t accepted_ms, rejected_ms;
};

/* May be called for several logs. False: the log cannot be read to its end; see *err. */
bool cg_log_seen_read(struct cg_log_seen *seen, const char *path, struct cg_error *err);
void cg_log_seen_clear(struct cg_log_seen *seen);

#endif
