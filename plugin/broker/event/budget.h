/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Token bucket for the bytes written per day. A share of the limit can be written at once; the rest becomes available evenly
 * over the day. In any 24 hours, at most the limit plus one line is written. Pure: time is an argument. A zeroed struct is a
 * full bucket. Owned by event_limits.c. */
#ifndef CG_BUDGET_H
#define CG_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_budget_limits {
    double daily_bytes;
    double burst; /* share of daily_bytes that can be written at once: 0 to 1 */
};

struct cg_budget {
    bool started;
    double available; /* negative: the last line was longer than the bytes available */
    int64_t updated_ms;
};

/* Whether bytes are available. The limits may change between calls. */
bool cg_budget_has(struct cg_budget *budget, const struct cg_budget_limits *limits, int64_t now_ms);
void cg_budget_spend(struct cg_budget *budget, size_t bytes);

#endif
