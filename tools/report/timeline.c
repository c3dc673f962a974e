/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "timeline.h"

#include "core/base/datetime.h"

#include <string.h>

#define HOUR   INT64_C(3600)
#define MONDAY (4 * CG_DAY) /* 1970-01-05: bins of a week start on Mondays */

/* Each is a multiple of the previous one, so that whole bins are merged. The last one fits any time. */
static const int64_t widths[] = {60,        300,    900,        HOUR,        3 * HOUR,     6 * HOUR,
                                 12 * HOUR, CG_DAY, 7 * CG_DAY, 28 * CG_DAY, 364 * CG_DAY, 364 * CG_DAY * 1000};
#define LEVELS (sizeof widths / sizeof *widths)

static int64_t bin_of(int64_t at, size_t level)
{
    int64_t t = at - MONDAY, width = widths[level];
    return t >= 0 ? t / width : -((width - 1 - t) / width);
}

static void widen(struct cg_timeline *timeline)
{
    struct cg_timeline wide = {.level = timeline->level + 1};
    wide.first = bin_of(cg_timeline_start(timeline, 0), wide.level);
    for (size_t i = 0; i < timeline->used; i++) {
        size_t to = (size_t)(bin_of(cg_timeline_start(timeline, i), wide.level) - wide.first);
        for (size_t r = 0; r < CG_REASON_COUNT; r++)
            wide.count[to][r] += timeline->count[i][r];
        wide.used = to + 1;
    }
    *timeline = wide;
}

/* Adds bins before the first one. */
static void prepend(struct cg_timeline *timeline, size_t bins)
{
    memmove(timeline->count[bins], timeline->count[0], timeline->used * sizeof timeline->count[0]);
    memset(timeline->count[0], 0, bins * sizeof timeline->count[0]);
    timeline->first -= (int64_t)bins;
    timeline->used += bins;
}

void cg_timeline_add(struct cg_timeline *timeline, int64_t at, enum cg_reason reason, double weight)
{
    int64_t bin = 0;
    if (!timeline->used)
        timeline->first = bin_of(at, timeline->level);
    for (;; widen(timeline)) {
        bin = bin_of(at, timeline->level);
        int64_t last = timeline->first + (timeline->used ? (int64_t)timeline->used - 1 : 0);
        int64_t low = bin < timeline->first ? bin : timeline->first, high = bin > last ? bin : last;
        if (high - low < CG_TIMELINE_BINS || timeline->level + 1 == LEVELS)
            break;
    }
    if (bin < timeline->first)
        prepend(timeline, (size_t)(timeline->first - bin));
    size_t i = (size_t)(bin - timeline->first);
    if (i >= CG_TIMELINE_BINS || (int)reason < 0 || reason >= CG_REASON_COUNT)
        return;
    timeline->used = i >= timeline->used ? i + 1 : timeline->used;
    timeline->count[i][reason] += weight;
}

int64_t cg_timeline_width(const struct cg_timeline *timeline)
{
    return widths[timeline->level];
}

int64_t cg_timeline_start(const struct cg_timeline *timeline, size_t bin)
{
    return (timeline->first + (int64_t)bin) * widths[timeline->level] + MONDAY;
}

double cg_timeline_total(const struct cg_timeline *timeline, size_t bin)
{
    double total = 0;
    for (size_t r = 0; r < CG_REASON_COUNT; r++)
        total += timeline->count[bin][r];
    return total;
}
