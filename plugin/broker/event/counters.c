/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "counters.h"

static void add(struct cg_tally *tally, enum cg_reason reason)
{
    tally->total++;
    if ((int)reason >= 0 && reason < CG_REASON_COUNT)
        tally->by_reason[reason]++;
}

void cg_counters_add(struct cg_counters *counters, const struct cg_event *event)
{
    switch ((int)event->type) {
    case CG_EVENT_HANDSHAKE_ACCEPTED:
        counters->accepted++;
        break;
    case CG_EVENT_HANDSHAKE_REJECTED:
        add(&counters->rejected, event->reason);
        break;
    case CG_EVENT_CONNECT_DENIED:
        add(&counters->denied, event->reason);
        break;
    case CG_EVENT_SESSION_ENDED:
        add(&counters->ended, event->reason);
        break;
    case CG_EVENT_CONTROL_DENIED:
        add(&counters->control, event->reason);
        break;
    case CG_EVENT_SNAPSHOT_REJECTED:
        counters->snapshots_rejected++;
        break;
    default:
        break;
    }
}
