/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Keeps a flood of refused handshakes from filling the disk: the first few events of one peer and reason in a window
 * are written, the others are counted, and the count is told at the end of the window.
 * The table is bounded; peers beyond it share one entry for each reason. Pure: time comes in.
 * Owned by event_limits.c; main thread only. */
#ifndef CG_SUPPRESS_H
#define CG_SUPPRESS_H

#include "core/policy/policy.h"
#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_suppress;

/* What was held back in one window. */
struct cg_suppressed {
    const char
        *peer; /* IPv4 address, or IPv6 network of 64 bits ("2001:db8::/64"); "others" for peers beyond the table */
    enum cg_reason reason;
    uint64_t count;
    int64_t window_ms; /* over which it was counted */
};
typedef void (*cg_suppressed_fn)(void *context, const struct cg_suppressed *what);

struct cg_suppress *cg_suppress_new(size_t max_entries); /* NULL without memory */
void cg_suppress_free(struct cg_suppress *suppress);

/* True: write the event. peer may be NULL or not an IP address: then all such peers are one. */
bool cg_suppress_pass(struct cg_suppress *suppress, const union cg_address *peer, enum cg_reason reason, int64_t now_ms,
                      const struct cg_log_policy *policy);

/* Ends the windows that are over (all of them where all is true) and tells what they held back.
 * Returns the ms until the next window ends, -1 for none. */
int64_t cg_suppress_flush(struct cg_suppress *suppress, int64_t now_ms, bool all, cg_suppressed_fn tell, void *context);

#endif
