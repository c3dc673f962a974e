/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The thread that does public-key cryptography and the files of renewal (requests.h). The main thread never waits for it, except
 * at the end of the broker. Main thread only. */
#ifndef CG_RENEWAL_WORKER_H
#define CG_RENEWAL_WORKER_H

#include "work.h"

#include "core/snapshot.h"

#define CG_WORKER_TASKS_MAX 256 /* that wait */

struct cg_worker;

struct cg_worker *cg_worker_start(void);       /* NULL: out of memory, or no thread */
void cg_worker_stop(struct cg_worker *worker); /* waits for a task in progress; accepts NULL */

/* The snapshot to use, of which the worker keeps a reference. A new epoch: another spool, or none. Tasks of
 * an earlier epoch come back as busy, and its news are to be ignored. */
void cg_worker_use(struct cg_worker *worker, struct cg_snapshot *snapshot, uint64_t epoch);

/* Takes over the task. False: too many wait; it stays the caller's. */
bool cg_worker_push(struct cg_worker *worker, struct cg_work *task);

/* The next result or news, the caller's; NULL: none. */
struct cg_work *cg_worker_take(struct cg_worker *worker);

#endif
