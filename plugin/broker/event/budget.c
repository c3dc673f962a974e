/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "budget.h"

#define DAY_MS 86400000.0

bool cg_budget_has(struct cg_budget *budget, const struct cg_budget_limits *limits, int64_t now_ms)
{
    double capacity = limits->daily_bytes * limits->burst;
    if (!budget->started)
        *budget = (struct cg_budget){.started = true, .available = capacity, .updated_ms = now_ms};
    if (now_ms > budget->updated_ms)
        budget->available += (double)(now_ms - budget->updated_ms) / DAY_MS * (limits->daily_bytes - capacity);
    budget->updated_ms = now_ms;
    if (budget->available > capacity)
        budget->available = capacity;
    return budget->available > 0;
}

void cg_budget_spend(struct cg_budget *budget, size_t bytes)
{
    budget->available -= (double)bytes;
}
