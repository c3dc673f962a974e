/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Charts of the report as SVG inside the page: as wide as the screen, bars placed in per cent, so that their texts keep
 * their size on a phone. Each has a title, a description, a legend where it has colours, and a table of the same numbers.
 * Called by page.c. */
#ifndef CG_REPORT_CHART_H
#define CG_REPORT_CHART_H

#include "data.h"

void cg_chart_rejections(FILE *out, const struct cg_report *report);
void cg_chart_forecast(FILE *out, const struct cg_report *report);

#endif
