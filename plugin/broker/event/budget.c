/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "budget.h"

#define DAY_MS 86400000.0

bool cg_budget_has(struct cg_budget *budget, const struct cg_budget_limits *terms, int64_t now_ms)
{
    double most = terms->bytes_a_day * terms->at_once;
    if (!budget->begun)
        *budget = (struct cg_budget){.begun = true, .left = most, .at_ms = now_ms};
    if (now_ms > budget->at_ms)
        budget->left += (double)(now_ms - budget->at_ms) / DAY_MS * (terms->bytes_a_day - most);
    budget->at_ms = now_ms;
    if (budget->left > most)
        budget->left = most;
    return budget->left > 0;
}

void cg_budget_spend(struct cg_budget *budget, size_t bytes)
{
    budget->left -= (double)bytes;
}
