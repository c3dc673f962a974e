/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "request_opening.h"

#include "broker/base/clock.h"
#include "check.h"

#include "core/base/datetime.h"

#include <stdio.h>
#include <stdlib.h>

/* Any file of requests/ makes an item; those without a request are removed when all are known. */
static void visit_request(void *context, enum cg_spool_file file, const char *id)
{
    struct cg_requests *requests = context;
    struct cg_item *item = cg_request_index_find(&requests->index, id);
    if (!item) {
        item = calloc(1, sizeof *item);
        if (!item) {
            requests->open_at_ms = 1;
            return;
        }
        snprintf(item->id, sizeof item->id, "%s", id);
        cg_request_index_add(&requests->index, item);
    }
    cg_request_index_count_bytes(&requests->index, item, (size_t)cg_spool_state(&requests->spool, file, id).size);
    item->done = item->done || file == CG_SPOOL_DONE;
    item->own_answer = item->own_answer || file == CG_SPOOL_OWN_ANSWER;
}

static void read_done(struct cg_requests *requests, struct cg_item *item)
{
    struct cg_error err = {""};
    char *text = NULL;
    size_t len = 0;
    enum cg_spool_fault fault = cg_spool_read(&requests->spool, CG_SPOOL_DONE, item->id, &text, &len, &err);
    if (fault == CG_SPOOL_OK && !cg_mail_done_read(text, len, item->id, &item->confirmed, &err))
        item->confirmed = cg_clock_wall_ms() / 1000; /* it was confirmed; when, is lost */
    free(text);
}

/* False: it is not one, and is no longer in the index. */
static bool read_item(struct cg_requests *requests, struct cg_item *item)
{
    struct cg_mail_request request;
    enum cg_spool_fault fault = cg_requests_load(requests, item->id, &request);
    bool ok = fault == CG_SPOOL_OK &&
              cg_request_facts(request.certificate, &request.request, request.received, &item->facts);
    if (ok && !cg_time_seconds(X509_get0_notAfter(request.certificate), &item->ends))
        item->ends = CG_TIME_NO_END;
    cg_mail_request_clear(&request);
    if (ok && item->done)
        read_done(requests, item);
    if (!ok && fault == CG_SPOOL_ABSENT)
        cg_requests_remove(requests, item);
    else if (!ok)
        cg_request_index_remove(&requests->index, item);
    return ok;
}

static void announce(struct cg_requests *requests, struct cg_item *item)
{
    struct cg_work *news = cg_work_new(CG_WORK_REQUEST, item->id);
    if (news) {
        news->facts = item->facts;
        news->result = CG_RESULT_OK;
    }
    cg_requests_post(requests, news);
    struct cg_work *done = item->done ? cg_work_new(CG_WORK_DONE, item->id) : NULL;
    if (done)
        done->result = CG_RESULT_OK;
    if (item->done)
        cg_requests_post(requests, done);
    if (item->own_answer)
        cg_queue_append(&requests->todo, &item->to_read);
}

void cg_requests_open(struct cg_requests *requests)
{
    struct cg_error err = {""};
    requests->open_at_ms = 0;
    requests->open = cg_spool_open(&requests->spool, requests->snapshot->policy->renewal.spool, &err) &&
                     cg_spool_list_requests(&requests->spool, visit_request, requests);
    if (!requests->open || requests->open_at_ms) {
        cg_error_set(&err, "%s", *err.text ? err.text : "cannot list the spool. The plugin tries again.");
        cg_requests_warn(requests, CG_WARNED_OPEN, &err);
        cg_requests_close_for_now(requests);
        return;
    }
    requests->warned &= ~(1U << CG_WARNED_OPEN);
    struct cg_work *news = cg_work_new(CG_WORK_STATE, NULL);
    if (news) {
        news->fresh = true;
        news->full = requests->reported_full;
    }
    cg_requests_post(requests, news);
    for (struct cg_item *item = cg_request_index_first(&requests->index), *next; item; item = next) {
        next = cg_item_next(item);
        if (read_item(requests, item))
            announce(requests, item);
    }
    cg_requests_probe(requests);
    requests->sweep_at_ms = 0;
}
