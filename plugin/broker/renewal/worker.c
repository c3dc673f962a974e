/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "worker.h"

#include "broker/base/clock.h"
#include "broker/base/thread.h"
#include "commands.h"
#include "requests.h"

#include <openssl/err.h>
#include <stdlib.h>

struct list {
    struct cg_work *first, **end;
    size_t count;
};

struct cg_worker {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;

    /* with the mutex */
    struct list tasks, results;
    struct cg_snapshot *next; /* reference; NULL: no change */
    uint64_t next_epoch;
    bool stop;

    /* the thread's own */
    struct cg_requests requests;
    struct cg_snapshot *snapshot; /* reference */
    uint64_t epoch;
};

static void list_init(struct list *list)
{
    list->first = NULL;
    list->end = &list->first;
    list->count = 0;
}

static void list_append(struct list *list, struct cg_work *work)
{
    work->next = NULL;
    *list->end = work;
    list->end = &work->next;
    list->count++;
}

static struct cg_work *list_take(struct list *list)
{
    struct cg_work *work = list->first;
    if (!work)
        return NULL;
    list->first = work->next;
    if (!list->first)
        list->end = &list->first;
    list->count--;
    return work;
}

static void list_clear(struct list *list)
{
    for (struct cg_work *work = list_take(list); work; work = list_take(list))
        cg_work_free(work);
}

static void give(struct cg_worker *worker, struct cg_work *work)
{
    pthread_mutex_lock(&worker->mutex);
    list_append(&worker->results, work);
    pthread_mutex_unlock(&worker->mutex);
}

static void post(void *context, struct cg_work *news)
{
    struct cg_worker *worker = context;
    news->epoch = worker->epoch;
    give(worker, news);
}

/* Called with the mutex held, which it releases meanwhile. True: the work for the folder is due at once. */
static bool follow(struct cg_worker *worker)
{
    struct cg_snapshot *next = worker->next, *old = worker->snapshot;
    bool again = worker->epoch != worker->next_epoch;
    if (!next)
        return false;
    worker->next = NULL;
    worker->epoch = worker->next_epoch;
    worker->snapshot = next;
    pthread_mutex_unlock(&worker->mutex);
    cg_requests_use(&worker->requests, next->policy->renewal.spool ? next : NULL, again);
    cg_snapshot_free(old);
    pthread_mutex_lock(&worker->mutex);
    return true;
}

static void run_task(struct cg_worker *worker, struct cg_work *task)
{
    if (task->epoch == worker->epoch && task->kind == CG_WORK_COMMAND)
        cg_signer_command(&worker->requests, task);
    else if (task->epoch == worker->epoch)
        cg_requests_run(&worker->requests, task);
    give(worker, task);
    ERR_clear_error();
}

/* A task, and the work for the folder take turns if both are due. */
static void *run(void *argument)
{
    struct cg_worker *worker = argument;
    int64_t poll_at_ms = 0;
    bool polled = false;
    pthread_mutex_lock(&worker->mutex);
    while (!worker->stop) {
        int64_t now_ms = cg_clock_monotonic_ms();
        if (follow(worker) || worker->requests.todo.first)
            poll_at_ms = now_ms;
        polled = now_ms >= poll_at_ms && (!polled || !worker->tasks.first);
        struct cg_work *task = polled ? NULL : list_take(&worker->tasks);
        if (!task && !polled) {
            (void)cg_thread_wait(&worker->wake, &worker->mutex, poll_at_ms);
            continue;
        }
        pthread_mutex_unlock(&worker->mutex);
        if (task)
            run_task(worker, task);
        else
            poll_at_ms = now_ms + cg_requests_poll(&worker->requests);
        pthread_mutex_lock(&worker->mutex);
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

static void destroy(struct cg_worker *worker)
{
    list_clear(&worker->tasks);
    list_clear(&worker->results);
    cg_requests_clear(&worker->requests);
    cg_snapshot_free(worker->next);
    cg_snapshot_free(worker->snapshot);
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}

struct cg_worker *cg_worker_start(void)
{
    struct cg_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    list_init(&worker->tasks);
    list_init(&worker->results);
    pthread_mutex_init(&worker->mutex, NULL);
    cg_thread_wake_init(&worker->wake);
    if (cg_requests_init(&worker->requests, post, worker) && cg_thread_start(&worker->thread, run, worker) == 0)
        return worker;
    destroy(worker);
    return NULL;
}

void cg_worker_stop(struct cg_worker *worker)
{
    if (!worker)
        return;
    pthread_mutex_lock(&worker->mutex);
    worker->stop = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    destroy(worker);
}

void cg_worker_use(struct cg_worker *worker, struct cg_snapshot *snapshot, uint64_t epoch)
{
    pthread_mutex_lock(&worker->mutex);
    struct cg_snapshot *skipped = worker->next;
    worker->next = cg_snapshot_ref(snapshot);
    worker->next_epoch = epoch;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
    cg_snapshot_free(skipped);
}

bool cg_worker_push(struct cg_worker *worker, struct cg_work *task)
{
    pthread_mutex_lock(&worker->mutex);
    bool room = worker->tasks.count < CG_WORKER_TASKS_MAX;
    if (room)
        list_append(&worker->tasks, task);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
    return room;
}

struct cg_work *cg_worker_take(struct cg_worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    struct cg_work *work = list_take(&worker->results);
    pthread_mutex_unlock(&worker->mutex);
    return work;
}
