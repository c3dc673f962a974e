/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Charts of the report as inline SVG, as wide as the screen. Bars are placed in percent, so that text keeps its size on a
 * phone. Each chart has a title, a description, a legend, and a table of the same numbers. Called by page.c. */
#ifndef CG_REPORT_CHART_H
#define CG_REPORT_CHART_H

#include "data.h"

void cg_chart_rejections(FILE *out, const struct cg_report *report);
void cg_chart_forecast(FILE *out, const struct cg_report *report);

#endif
