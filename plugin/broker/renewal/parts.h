/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The main thread's part of renewal, shared by its files: renewal.c (life, policy, numbers), questions.c (what devices ask),
 * replies.c (what they get), results.c (what the worker found) and jobs.c (commands of signers). */
#ifndef CG_RENEWAL_PARTS_H
#define CG_RENEWAL_PARTS_H

#include "broker/event/reporter.h"
#include "limits.h"
#include "sessions.h"
#include "table.h"
#include "worker.h"

struct cg_renewal {
    struct cg_reporter *reporter;
    struct cg_client_map *clients;
    cg_send_fn send;
    struct cg_worker *worker; /* NULL: renewal was never on */
    char *spool;              /* NULL: off */
    uint64_t epoch;           /* counts the changes of spool */
    uint64_t snapshot;        /* number of the one that the worker has */
    bool warned;              /* of a worker that cannot be started */

    struct cg_table table;
    struct cg_ask_limits limits;
    struct cg_sessions sessions;
    uint64_t deliveries;
    size_t at_worker; /* tasks */
    bool full;
    int64_t requested, refused, delivered, confirmed;

    uint64_t last_ticket;
    struct cg_renewal_job *jobs; /* see jobs.h */
};

/* Hands a task to the worker. False: it has too many; the task is freed. */
bool cg_renewal_push(struct cg_renewal *renewal, struct cg_work *task);

#endif
