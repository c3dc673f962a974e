/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What requests on the control topic work with: parts of the plugin's state, borrowed, and what of it may change from call to
 * call. Shared by control.c and control_commands.c. */
#ifndef CG_CONTROL_OPS_H
#define CG_CONTROL_OPS_H

#include "broker/event/reporter.h"
#include "broker/monitor/sysinfo.h"
#include "broker/session/client_map.h"
#include "broker/session/session_enforcement.h"

#include "core/snapshot.h"

struct cg_control_ops {
    struct cg_reporter *reporter;
    struct cg_client_map *clients;
    struct cg_enforcement *enforcement;
    struct cg_sysinfo *sysinfo;
    cg_publish_fn publish;
};

/* What is in force now. */
struct cg_control_context {
    const struct cg_snapshot *snapshot;
    const struct cg_faults *kept; /* parts that stay what they were, and why */
};

#endif
