/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The command that fixes what an event tells, with the event's names in it.
 * People paste it into a shell: only names that need no quotes are filled in, for others the placeholder stays.
 * Nothing is owned. Called by the verbs log and report. */
#ifndef CG_LOG_FIX_H
#define CG_LOG_FIX_H

#include "filter.h"

#define CG_FIX_MAX 600

/* False: there is no single command for this reason. */
bool cg_log_fix(const struct cg_log_event *event, char out[CG_FIX_MAX]);

/* The name under which `certguard issue` would know the certificate: its common name. "NAME" when it is no such name. */
void cg_log_name(const struct cg_log_event *event, char *out, size_t size);

#endif
