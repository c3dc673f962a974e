/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "commands.h"

#include "broker/base/clock.h"
#include "check.h"
#include "request_answers.h"

#include "core/base/datetime.h"
#include "core/cert/name.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_REQUESTS 50
#define PAGE_BYTES    ((size_t)256 << 10)

/* ---- list */

static int by_id(const void *a, const void *b)
{
    const struct cg_item *const *x = a, *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

/* The items after this ID, in order; the caller frees the array. */
static struct cg_item **sorted(const struct cg_request_index *index, const char *after, size_t *count)
{
    struct cg_item **items = calloc(index->table.count + 1, sizeof *items);
    *count = 0;
    if (!items)
        return NULL;
    for (struct cg_item *item = cg_request_index_first(index); item; item = cg_item_next(item))
        if (strcmp(item->id, after) > 0)
            items[(*count)++] = item;
    qsort(items, *count, sizeof(*items), by_id);
    return items;
}

/* What the CA has answered, so that it does not answer the same again at each run. */
static void add_answer(struct cg_requests *requests, const struct cg_item *item, cJSON *row)
{
    struct cg_mail_answer answer;
    char sha256[CG_HEX_MAX];
    if (cg_requests_load_answer(requests, item, &answer) == CG_SPOOL_OK) {
        if (!answer.certificate)
            cJSON_AddStringToObject(row, "refused", cg_reason_row(answer.refused)->code);
        else if (cg_sha256_text(answer.certificate, sha256))
            cJSON_AddStringToObject(row, "issued", sha256);
    }
    cg_mail_answer_clear(&answer);
}

/* NULL: its file cannot be read. */
static cJSON *row_of(struct cg_requests *requests, const struct cg_item *item, size_t *bytes)
{
    struct cg_mail_request request;
    cJSON *row = cg_requests_load(requests, item->id, &request) == CG_SPOOL_OK ? cg_mail_request_json(&request) : NULL;
    cg_mail_request_clear(&request);
    if (row && item->done) {
        char date[CG_TIME_TEXT_MAX];
        cg_time_print(item->confirmed, date);
        cJSON_AddStringToObject(row, "confirmed", date);
    }
    if (row && (item->own_answer || item->answer.inode))
        add_answer(requests, item, row);
    *bytes += item->bytes;
    return row;
}

static bool fill_page(struct cg_requests *requests, struct cg_item **items, size_t count, cJSON *data)
{
    cJSON *rows = cJSON_AddArrayToObject(data, "requests");
    size_t bytes = 0, i = 0;
    for (; rows && i < count && i < PAGE_REQUESTS && (i == 0 || bytes + items[i]->bytes <= PAGE_BYTES); i++) {
        cJSON *row = row_of(requests, items[i], &bytes);
        if (row)
            cJSON_AddItemToArray(rows, row);
    }
    return rows && cJSON_AddBoolToObject(data, "more", i < count);
}

static void list(struct cg_requests *requests, struct cg_work *task)
{
    const char *after = cJSON_GetStringValue(task->argument);
    size_t count = 0;
    struct cg_item **items = sorted(&requests->index, after ? after : "", &count);
    task->data_out = cJSON_CreateObject();
    if (items && fill_page(requests, items, count, task->data_out))
        task->result = CG_RESULT_OK;
    else
        cg_error_set(&task->err, "out of memory");
    free(items);
}

/* ---- deliver and forget */

static void answer_with_id(struct cg_work *task, const char *id)
{
    task->data_out = cJSON_CreateObject();
    if (cJSON_AddStringToObject(task->data_out, "id", id))
        task->result = CG_RESULT_OK;
    else
        cg_error_set(&task->err, "out of memory");
}

/* Not kept if it cannot be delivered: the CA gets the reason at once. */
static bool is_deliverable(struct cg_requests *requests, const struct cg_item *item,
                           const struct cg_mail_answer *answer, struct cg_error *err)
{
    struct cg_mail_request request;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    int64_t now = cg_clock_wall_ms() / 1000;
    if (!answer->certificate)
        return true;
    bool loaded = cg_requests_load(requests, item->id, &request) == CG_SPOOL_OK;
    bool ok = loaded && cg_answer_check(requests->snapshot, &request, answer, item->port, now, &refusal);
    cg_mail_request_clear(&request);
    if (!loaded)
        cg_error_set(err, "cannot read the request in the spool. See the events of the broker.");
    else if (!ok)
        cg_error_set(err, "cannot deliver the certificate: %s. Correct the certificate, or the policy of the broker.",
                     refusal.detail);
    return ok;
}

static bool deliver(struct cg_requests *requests, struct cg_item *item, const struct cg_mail_answer *answer,
                    struct cg_error *err)
{
    if (!is_deliverable(requests, item, answer, err) ||
        !cg_requests_write(requests, CG_SPOOL_OWN_ANSWER, item, cg_mail_answer_json(answer), err))
        return false;
    item->own_answer = true;
    cg_queue_append(&requests->todo, &item->to_read);
    return true;
}

static void run_deliver(struct cg_requests *requests, struct cg_work *task)
{
    struct cg_mail_answer answer;
    memset(&answer, 0, sizeof answer);
    bool ok = cg_mail_answer_of(task->argument, &answer, &task->err);
    struct cg_item *item = ok ? cg_request_index_find(&requests->index, answer.id) : NULL;
    if (ok && !item)
        cg_error_set(&task->err, "no request has this ID");
    if (item && deliver(requests, item, &answer, &task->err))
        answer_with_id(task, answer.id);
    cg_mail_answer_clear(&answer);
}

static void forget(struct cg_requests *requests, struct cg_work *task)
{
    const char *id = cJSON_GetStringValue(task->argument);
    if (!id || !cg_renewal_id_is_valid(id)) {
        cg_error_set(&task->err, "expected an ID: 64 hex digits in lower case");
        return;
    }
    struct cg_item *item = cg_request_index_find(&requests->index, id);
    if (item)
        cg_requests_remove(requests, item);
    answer_with_id(task, id);
}

void cg_signer_command(struct cg_requests *requests, struct cg_work *task)
{
    static void (*const runs[])(struct cg_requests *, struct cg_work *) = {
        [CG_RENEWAL_LIST] = list,
        [CG_RENEWAL_DELIVER] = run_deliver,
        [CG_RENEWAL_FORGET] = forget,
    };
    task->result = CG_RESULT_BUSY;
    if (requests->open)
        runs[task->command](requests, task);
    else
        cg_error_set(&task->err, "cannot use the spool now. See the events of the broker.");
}
