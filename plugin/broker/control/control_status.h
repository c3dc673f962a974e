/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The state of the whole as JSON: counters, sessions, and what expires when. Called by control_commands.c. */
#ifndef CG_CONTROL_STATUS_H
#define CG_CONTROL_STATUS_H

#include "broker/monitor/sysinfo.h"

#include <cjson/cJSON.h>

/* The caller's; NULL without memory. At most a hundred certificates and CRLs each are listed. */
cJSON *cg_control_status(const struct cg_counters *counters, const struct cg_population *population,
                         const struct cg_snapshot *current, const struct cg_faults *kept, int64_t now);

#endif
