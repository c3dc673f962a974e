/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "parts.h"

bool cg_renewal_push(struct cg_renewal *renewal, struct cg_work *task)
{
    task->task = true;
    task->epoch = renewal->epoch;
    if (cg_worker_push(renewal->worker, task)) {
        renewal->at_worker++;
        return true;
    }
    cg_work_free(task);
    return false;
}
