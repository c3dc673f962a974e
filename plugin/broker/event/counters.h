/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Counts of events since the start, by reason, including suppressed events. Owned and updated by the reporter; main thread
 * only. Read by sysinfo.c and control_status.c. */
#ifndef CG_COUNTERS_H
#define CG_COUNTERS_H

#include "event.h"

struct cg_tally {
    uint64_t total;
    uint64_t by_reason[CG_REASON_COUNT];
};

struct cg_counters {
    uint64_t accepted;           /* handshakes */
    struct cg_tally rejected;    /* handshakes */
    struct cg_tally denied;      /* CONNECT packets */
    struct cg_tally ended;       /* sessions that the plugin ended */
    struct cg_tally control;     /* control requests denied */
    uint64_t snapshots_rejected; /* snapshot_rejected events, one per part */
    uint64_t parts_kept;         /* parts that currently keep their previous version */
};

/* Ignores types of events that have no counter. */
void cg_counters_add(struct cg_counters *counters, const struct cg_event *event);

#endif
