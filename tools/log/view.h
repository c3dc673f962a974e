/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Events for people: one line each, what one means and how to fix it, and counts with bars. To standard output;
 * texts of the log are escaped, so that no line of a file can move the cursor or change colours.
 * Nothing is owned. Called by verb_log. */
#ifndef CG_LOG_VIEW_H
#define CG_LOG_VIEW_H

#include "filter.h"
#include "stats.h"

void cg_log_show(const struct cg_log_event *event);
void cg_log_explain(const struct cg_log_event *event);
void cg_log_bars(const char *title, struct cg_counts *counts, size_t most); /* sorts them */

#endif
