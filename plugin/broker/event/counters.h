/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What happened since the start, counted by reason: every event, also those that the log holds back.
 * Plain numbers, owned by the reporter, which counts; main thread only. Read by sysinfo.c and control_status.c. */
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
    struct cg_tally denied;      /* CONNECT */
    struct cg_tally ended;       /* sessions, by us */
    struct cg_tally control;     /* requests refused */
    uint64_t snapshots_rejected; /* parts of them */
    uint64_t parts_kept;         /* now: they stay what they were, since their files are no good */
};

/* Kinds of events that nobody counts are fine. */
void cg_counters_note(struct cg_counters *counters, const struct cg_event *event);

#endif
