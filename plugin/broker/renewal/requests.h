/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The worker's part of renewal: runs tasks, follows the policy, and looks for new answers. All results go to one function as news.
 * Owned by the worker; it has neither threads nor locks. Times in ms are monotonic. */
#ifndef CG_RENEWAL_REQUESTS_H
#define CG_RENEWAL_REQUESTS_H

#include "request_files.h"

bool cg_requests_init(struct cg_requests *requests, cg_news_fn post, void *context); /* false: out of memory */
void cg_requests_clear(struct cg_requests *requests);

/* The snapshot to use. again: another spool, or the same from the beginning. */
void cg_requests_use(struct cg_requests *requests, struct cg_snapshot *snapshot, bool again);

/* Fills in the result of a task, which stays the caller's; but for CG_WORK_COMMAND, see commands.h. */
void cg_requests_run(struct cg_requests *requests, struct cg_work *task);

/* Opens the spool, and looks for answers. A part of the work at each call. Returns the ms until the next one. */
int64_t cg_requests_poll(struct cg_requests *requests);

#endif
