/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The plugin's status as JSON: counters, sessions and expiry dates. Called by control_commands.c. */
#ifndef CG_CONTROL_STATUS_H
#define CG_CONTROL_STATUS_H

#include "broker/monitor/sysinfo.h"

#include <cjson/cJSON.h>

/* The caller owns the result; NULL: out of memory. Lists at most 100 certificates and 100 CRLs. now: wall clock, s. */
cJSON *cg_control_status(const struct cg_counters *counters, const struct cg_population *population,
                         const struct cg_snapshot *current, const struct cg_faults *kept, int64_t now);

#endif
