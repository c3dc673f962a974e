/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The command that fixes the cause of an event, with the names from the event.
 * Commands are pasted into a shell, so only names that need no quotes are inserted; for others the placeholder stays.
 * Nothing is owned. Called by the verbs log and report. */
#ifndef CG_LOG_FIX_H
#define CG_LOG_FIX_H

#include "filter.h"

#define CG_FIX_MAX 600

/* False: there is no single command for this reason. */
bool cg_log_fix(const struct cg_log_event *event, char out[CG_FIX_MAX]);

#endif
