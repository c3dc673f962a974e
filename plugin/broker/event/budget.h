/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How many bytes may be written within a day: a token bucket. A part of the day's limit may go at once, the rest comes back
 * evenly, so that within any 24 hours no more than the limit is written, and one line. Pure: time comes in.
 * Zeroed memory is a full one. Owned by event_limits.c. */
#ifndef CG_BUDGET_H
#define CG_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_budget_limits {
    double bytes_a_day;
    double at_once; /* share of it, 0 to 1 */
};

struct cg_budget {
    bool begun;
    double left; /* below 0: the last line was longer than what was left */
    int64_t at_ms;
};

/* Is anything left? The terms may differ from call to call. */
bool cg_budget_has(struct cg_budget *budget, const struct cg_budget_limits *terms, int64_t now_ms);
void cg_budget_spend(struct cg_budget *budget, size_t bytes);

#endif
