/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The parts of the plugin's state that control requests use, all borrowed. Shared by control.c and control_commands.c. */
#ifndef CG_CONTROL_OPS_H
#define CG_CONTROL_OPS_H

#include "broker/event/reporter.h"
#include "broker/monitor/sysinfo.h"
#include "broker/renewal/renewal.h"
#include "broker/session/client_map.h"
#include "broker/session/session_enforcement.h"

#include "core/snapshot.h"

struct cg_control_ops {
    struct cg_reporter *reporter;
    struct cg_client_map *clients;
    struct cg_enforcement *enforcement;
    struct cg_sysinfo *sysinfo;
    cg_publish_fn publish;
    struct cg_renewal *renewal;
};

/* Valid for one call of cg_control_poll(). */
struct cg_control_context {
    const struct cg_snapshot *snapshot;
    const struct cg_faults *kept; /* parts that keep their previous version, and the reasons */
};

#endif
