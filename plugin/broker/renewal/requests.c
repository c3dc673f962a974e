/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "requests.h"

#include "broker/base/clock.h"
#include "check.h"
#include "request_answers.h"
#include "request_opening.h"

#include "core/base/datetime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cg_requests_init(struct cg_requests *requests, cg_news_fn post, void *context)
{
    memset(requests, 0, sizeof *requests);
    requests->post = post;
    requests->context = context;
    requests->spool = (struct cg_spool){.requests = -1, .answers = -1, .lock = -1};
    return cg_request_index_init(&requests->index);
}

void cg_requests_clear(struct cg_requests *requests)
{
    cg_requests_close(requests);
    cg_request_index_free(&requests->index);
}

void cg_requests_use(struct cg_requests *requests, struct cg_snapshot *snapshot, bool again)
{
    requests->snapshot = snapshot;
    if (again) {
        cg_requests_close(requests);
        requests->warned = 0;
        requests->answers = 0;
        requests->replaced = false;
        requests->reported_full = false;
        requests->open_at_ms = 0;
    }
    for (struct cg_item *item = cg_request_index_first(&requests->index); item; item = cg_item_next(item))
        if (item->bad) /* the new policy may accept it */
            cg_queue_append(&requests->todo, &item->to_read);
}

/* ---- tasks of the main thread */

static struct cg_item *item_of(const struct cg_work *task)
{
    struct cg_item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;
    snprintf(item->id, sizeof item->id, "%s", task->id);
    item->facts = task->facts;
    item->port = task->port;
    if (!cg_time_seconds(X509_get0_notAfter(sk_X509_value(task->subject.path, 0)), &item->ends))
        item->ends = CG_TIME_NO_END;
    return item;
}

static cJSON *json_of(const struct cg_work *task)
{
    struct cg_mail_request request = {
        .received = task->facts.received,
        .certificate = sk_X509_value(task->subject.path, 0),
        .data = task->data,
        .len = task->len,
        .request = task->request,
    };
    memcpy(request.id, task->id, sizeof request.id);
    return cg_mail_request_json(&request);
}

static void keep(struct cg_requests *requests, struct cg_work *task)
{
    struct cg_item *item = item_of(task);
    struct cg_error err = {""};
    task->result = CG_RESULT_BUSY;
    if (!item)
        return;
    cg_request_index_add(&requests->index, item);
    if (!cg_requests_write(requests, CG_SPOOL_REQUEST, item, json_of(task), &err)) {
        cg_request_index_remove(&requests->index, item);
        return;
    }
    task->result = CG_RESULT_OK;
    task->fresh = true;
}

static void run_request(struct cg_requests *requests, struct cg_work *task)
{
    X509 *leaf = sk_X509_value(task->subject.path, 0);
    int64_t now = cg_clock_wall_ms() / 1000;
    struct cg_item *item = cg_request_index_find(&requests->index, task->id);
    if (item) { /* from before the start; the main thread did not know it yet */
        task->facts = item->facts;
        task->result = CG_RESULT_OK;
        return;
    }
    task->full = cg_request_index_is_full(&requests->index, CG_MAILBOX_FILE_MAX);
    if (task->full || !cg_request_facts(leaf, &task->request, now, &task->facts))
        return;
    cg_request_check(requests->snapshot, task, now);
    if (task->result == CG_RESULT_OK)
        keep(requests, task);
    task->full = requests->unwritable;
}

static void run_answer(struct cg_requests *requests, struct cg_work *task)
{
    struct cg_item *item = cg_request_index_find(&requests->index, task->id);
    if (!item)
        return;
    if (requests->spool.answers < 0)
        (void)cg_answers_are_current(requests);
    item->port = task->port;
    struct cg_work *found = cg_requests_examine(requests, item);
    if (!found)
        return;
    task->kind = found->kind;
    task->result = found->result;
    task->refusal = found->refusal;
    task->issued = found->issued;
    found->issued = NULL;
    cg_work_free(found);
}

static void run_done(struct cg_requests *requests, struct cg_work *task)
{
    struct cg_error err = {""};
    struct cg_item *item = cg_request_index_find(&requests->index, task->id);
    int64_t now = cg_clock_wall_ms() / 1000;
    if (!item || item->done ||
        !cg_requests_write(requests, CG_SPOOL_DONE, item, cg_mail_done_json(item->id, now), &err))
        return;
    item->done = true;
    item->confirmed = now;
    task->result = CG_RESULT_OK;
    task->fresh = true;
}

void cg_requests_run(struct cg_requests *requests, struct cg_work *task)
{
    static void (*const runs[])(struct cg_requests *, struct cg_work *) = {
        [CG_WORK_REQUEST] = run_request,
        [CG_WORK_ANSWER] = run_answer,
        [CG_WORK_DONE] = run_done,
    };
    task->result = CG_RESULT_BUSY;
    task->full = !requests->open;
    if (requests->open)
        runs[task->kind](requests, task);
}

#define SWEEP_MS  60000
#define KEPT_DAYS 7       /* after the end of the certificate: it cannot be renewed any more */
#define OVER_MS   3600000 /* for so long: a clock that is wrong for a moment deletes nothing */

static bool is_over(struct cg_item *item, int64_t now)
{
    const int64_t now_ms = cg_clock_monotonic_ms();
    if (item->ends >= now - KEPT_DAYS * CG_DAY)
        item->over_ms = 0;
    else if (!item->over_ms)
        item->over_ms = now_ms;
    return item->over_ms && now_ms - item->over_ms >= OVER_MS;
}

static void sweep(struct cg_requests *requests)
{
    int64_t now = cg_clock_wall_ms() / 1000;
    for (struct cg_item *item = cg_request_index_first(&requests->index), *next; item; item = next) {
        next = cg_item_next(item);
        if (is_over(item, now))
            cg_requests_remove(requests, item);
    }
    if (requests->unwritable)
        cg_requests_probe(requests);
    requests->seen = (struct cg_spool_state){0}; /* list all: a network file system may be late */
}

static void report_state(struct cg_requests *requests)
{
    bool full = !requests->open || requests->unwritable ||
                cg_request_index_is_full(&requests->index, CG_MAILBOX_FILE_MAX);
    struct cg_work *news = full != requests->reported_full ? cg_work_new(CG_WORK_STATE, NULL) : NULL;
    if (!news)
        return;
    requests->reported_full = news->full = full;
    cg_requests_post(requests, news);
}

#define READ_AT_ONCE 8 /* answers; then tasks have their turn */
#define SCAN_MS      1000

int64_t cg_requests_poll(struct cg_requests *requests)
{
    int64_t now_ms = cg_clock_monotonic_ms();
    if (!requests->snapshot)
        return SWEEP_MS;
    if (requests->open && (requests->open_at_ms || !cg_answers_are_current(requests))) {
        cg_requests_close_for_now(requests);
    }
    if (!requests->open && requests->open_at_ms <= now_ms)
        cg_requests_open(requests);
    if (requests->open && requests->sweep_at_ms <= now_ms) {
        requests->sweep_at_ms = now_ms + SWEEP_MS;
        sweep(requests);
    }
    if (requests->open) {
        cg_answers_scan(requests);
        cg_answers_read(requests, READ_AT_ONCE);
    }
    report_state(requests);
    return requests->todo.first ? 0 : SCAN_MS;
}
