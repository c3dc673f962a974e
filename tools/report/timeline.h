/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Counts by reason over time in constant memory: at most sixty bins of equal width, which grows from a minute to a year as
 * the time does. The caller owns the struct. Called by data.c (fills) and chart.c (draws). */
#ifndef CG_REPORT_TIMELINE_H
#define CG_REPORT_TIMELINE_H

#include "core/base/reason.h"

#include <stddef.h>
#include <stdint.h>

#define CG_TIMELINE_BINS 60

struct cg_timeline {
    size_t level;  /* of the width */
    int64_t first; /* number of the first bin at this level */
    size_t used;   /* bins from first on; 0: nothing yet */
    double count[CG_TIMELINE_BINS][CG_REASON_COUNT];
};

/* at: s since 1970. A weight of 0 only makes the time part of what is shown. */
void cg_timeline_add(struct cg_timeline *timeline, int64_t at, enum cg_reason reason, double weight);

int64_t cg_timeline_width(const struct cg_timeline *timeline);             /* s */
int64_t cg_timeline_start(const struct cg_timeline *timeline, size_t bin); /* s since 1970 */
double cg_timeline_total(const struct cg_timeline *timeline, size_t bin);

#endif
