/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Limits events per address and reason: the first few in a window are written, the others are counted and reported at its
 * end. The table is bounded; further addresses share one entry per reason. Pure: time is an argument. Owned by
 * event_limits.c; main thread only. */
#ifndef CG_SUPPRESS_H
#define CG_SUPPRESS_H

#include "core/policy/policy.h"
#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_suppress;

/* The events suppressed in one window. */
struct cg_suppressed {
    const char *peer; /* IPv4 address, IPv6 /64 network, or "others" for addresses beyond the table */
    enum cg_reason reason;
    uint64_t count;
    int64_t window_ms; /* duration in which count was counted */
};
typedef void (*cg_suppressed_fn)(void *context, const struct cg_suppressed *what);

struct cg_suppress *cg_suppress_new(size_t max_entries); /* NULL: out of memory */
void cg_suppress_free(struct cg_suppress *suppress);

/* True: write the event. All peers that are NULL or not an IP address count as one. */
bool cg_suppress_pass(struct cg_suppress *suppress, const union cg_address *peer, enum cg_reason reason, int64_t now_ms,
                      const struct cg_log_policy *policy);

/* Closes the windows that have ended, or all of them if all is true, and reports what they suppressed. Returns the ms until
 * the next window ends, -1 for none. */
int64_t cg_suppress_flush(struct cg_suppress *suppress, int64_t now_ms, bool all, cg_suppressed_fn report,
                          void *context);

#endif
