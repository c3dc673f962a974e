/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Prints events on standard output: one line each, with --explain their meaning and fix, or counts as bars. Text from the
 * log is escaped, so that no line of a file can move the cursor or change colors.
 * Nothing is owned. Called by the verb log. */
#ifndef CG_LOG_VIEW_H
#define CG_LOG_VIEW_H

#include "filter.h"
#include "stats.h"

void cg_log_show(const struct cg_log_event *event);
void cg_log_explain(const struct cg_log_event *event);
void cg_log_bars(const char *title, struct cg_counts *counts, size_t most); /* sorts them */

#endif
