/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "duration.h"

#include "core/base/datetime.h"
#include "core/base/quantity.h"

#include <inttypes.h>
#include <stdio.h>

#define LONGEST (INT64_C(8000) * 365 * CG_DAY) /* as CG_DURATION_WORDS states */

/* A bare number is days. */
static const struct cg_unit units[] = {{"s", 1},      {"m", 60},         {"h", 3600},         {"", CG_DAY},
                                       {"d", CG_DAY}, {"w", 7 * CG_DAY}, {"y", 365 * CG_DAY}, {0}};

bool cg_duration_parse(const char *text, int64_t *seconds)
{
    return cg_quantity_read(text, units, 0, LONGEST, seconds);
}

bool cg_lifetime_parse(const char *text, int64_t *seconds)
{
    return cg_duration_parse(text, seconds) && *seconds > 0 && *seconds <= 36525 * CG_DAY;
}

void cg_duration_text(int64_t seconds, char out[CG_DURATION_TEXT])
{
    static const struct cg_unit whole[] = {{"d", CG_DAY}, {"h", 3600}, {"m", 60}, {"s", 1}};
    const struct cg_unit *unit = whole;
    while (seconds % unit->value)
        unit++;
    snprintf(out, CG_DURATION_TEXT, "%" PRId64 "%s", seconds / unit->value, unit->text);
}
