/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Commands of signers at the worker, from their start until their result is taken. Main thread only. */
#ifndef CG_RENEWAL_JOBS_H
#define CG_RENEWAL_JOBS_H

#include "parts.h"

/* As cg_renewal_start(), cg_renewal_finish() and cg_renewal_abandon(), while renewal is on. */
uint64_t cg_jobs_start(struct cg_renewal *renewal, enum cg_renewal_command command, const cJSON *argument,
                       struct cg_error *err);
bool cg_jobs_finish(struct cg_renewal *renewal, uint64_t number, cJSON **data, struct cg_error *err);
void cg_jobs_abandon(struct cg_renewal *renewal, uint64_t number);

void cg_jobs_done(struct cg_renewal *renewal, struct cg_work *task); /* the worker's result */
void cg_jobs_free(struct cg_renewal *renewal);

#endif
