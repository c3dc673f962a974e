/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Counts by reason over time in constant memory: at most 60 bins of equal width. The width grows with the time span, from a
 * minute up. The caller owns the struct. Filled by data.c, drawn by chart.c. */
#ifndef CG_REPORT_TIMELINE_H
#define CG_REPORT_TIMELINE_H

#include "core/base/reason.h"

#include <stddef.h>
#include <stdint.h>

#define CG_TIMELINE_BINS 60

struct cg_timeline {
    size_t level;  /* selects the width */
    int64_t first; /* number of the first bin at this level */
    size_t used;   /* bins in use; 0: empty */
    double count[CG_TIMELINE_BINS][CG_REASON_COUNT];
};

/* at: s since 1970. A weight of 0 only extends the timeline to include at. */
void cg_timeline_add(struct cg_timeline *timeline, int64_t at, enum cg_reason reason, double weight);

int64_t cg_timeline_width(const struct cg_timeline *timeline);             /* s */
int64_t cg_timeline_start(const struct cg_timeline *timeline, size_t bin); /* s since 1970 */
double cg_timeline_total(const struct cg_timeline *timeline, size_t bin);

#endif
