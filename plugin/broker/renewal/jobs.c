/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "jobs.h"

#include <stdlib.h>

struct cg_renewal_job {
    struct cg_renewal_job *next;
    uint64_t number;
    bool done, abandoned;
    bool ok;
    cJSON *data;
    struct cg_error err;
};

static struct cg_renewal_job **find(struct cg_renewal *renewal, uint64_t number)
{
    struct cg_renewal_job **at = &renewal->jobs;
    while (*at && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

static void drop(struct cg_renewal_job **at)
{
    struct cg_renewal_job *job = *at;
    *at = job->next;
    cJSON_Delete(job->data);
    free(job);
}

void cg_jobs_free(struct cg_renewal *renewal)
{
    while (renewal->jobs)
        drop(&renewal->jobs);
}

static bool fill(struct cg_work *task, enum cg_renewal_command command, const cJSON *argument)
{
    task->command = command;
    task->argument = argument ? cJSON_Duplicate(argument, true) : NULL;
    return task->argument || !argument;
}

uint64_t cg_jobs_start(struct cg_renewal *renewal, enum cg_renewal_command command, const cJSON *argument,
                       struct cg_error *err)
{
    struct cg_renewal_job *job = calloc(1, sizeof *job);
    struct cg_work *task = cg_work_new(CG_WORK_COMMAND, NULL);
    if (!job || !task || !fill(task, command, argument)) {
        cg_error_set(err, "out of memory");
        goto fail;
    }
    task->ticket = job->number = renewal->last_ticket + 1;
    bool pushed = cg_renewal_push(renewal, task);
    task = NULL;
    if (!pushed) {
        cg_error_set(err, "too many requests wait. Try again in a minute.");
        goto fail;
    }
    job->next = renewal->jobs;
    renewal->jobs = job;
    return ++renewal->last_ticket;
fail:
    cg_work_free(task);
    free(job);
    return 0;
}

void cg_jobs_done(struct cg_renewal *renewal, struct cg_work *task)
{
    struct cg_renewal_job **at = find(renewal, task->ticket);
    if (!*at)
        return;
    struct cg_renewal_job *job = *at;
    job->done = true;
    job->ok = task->result == CG_RESULT_OK;
    job->err = task->err;
    job->data = task->data_out;
    task->data_out = NULL;
    if (job->abandoned)
        drop(at);
}

bool cg_jobs_finish(struct cg_renewal *renewal, uint64_t number, cJSON **data, struct cg_error *err)
{
    struct cg_renewal_job **at = find(renewal, number);
    *data = NULL;
    if (!*at) {
        cg_error_set(err, "the command is unknown");
        return true;
    }
    struct cg_renewal_job *job = *at;
    if (!job->done)
        return false;
    if (job->ok) {
        *data = job->data;
        job->data = NULL;
    } else {
        cg_error_set(err, "%s", *job->err.text ? job->err.text : "the spool has changed. Try again.");
    }
    drop(at);
    return true;
}

void cg_jobs_abandon(struct cg_renewal *renewal, uint64_t number)
{
    struct cg_renewal_job **at = find(renewal, number);
    if (number && *at && (*at)->done)
        drop(at);
    else if (number && *at)
        (*at)->abandoned = true;
}
