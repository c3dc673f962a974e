/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "request_answers.h"

#include "broker/base/clock.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one answer */

static bool parse_answer(const struct cg_requests *requests, const struct cg_item *item, const char *text, size_t len,
                         struct cg_mail_answer *out, struct cg_error *err)
{
    if (cg_mail_answer_read(text, len, out, err) && strcmp(out->id, item->id) == 0)
        return true;
    cg_error_prefix(err, "ignored the answer to request %s in %s", item->id, requests->spool.path);
    return false;
}

/* answers/ goes before the broker's own folder. */
enum cg_spool_fault cg_requests_load_answer(struct cg_requests *requests, const struct cg_item *item,
                                            struct cg_mail_answer *out)
{
    struct cg_error err = {""};
    char *text = NULL;
    size_t len = 0;
    memset(out, 0, sizeof *out);
    enum cg_spool_fault fault = cg_spool_read(&requests->spool, CG_SPOOL_ANSWER, item->id, &text, &len, &err);
    if (fault == CG_SPOOL_ABSENT)
        fault = cg_spool_read(&requests->spool, CG_SPOOL_OWN_ANSWER, item->id, &text, &len, &err);
    if (fault == CG_SPOOL_OK && !parse_answer(requests, item, text, len, out, &err))
        fault = CG_SPOOL_MALFORMED;
    free(text);
    if (fault > CG_SPOOL_ABSENT)
        cg_requests_warn(requests, (int)fault, &err);
    return fault;
}

/* Fills the result. False: the answer cannot be delivered; news->refusal has the reason, if it is one. */
static bool judge(struct cg_requests *requests, const struct cg_item *item, const struct cg_mail_request *request,
                  const struct cg_mail_answer *answer, struct cg_work *news)
{
    if (X509_up_ref(request->certificate))
        news->certificate = request->certificate;
    if (!answer->certificate) {
        news->refusal.reason = answer->refused;
        snprintf(news->refusal.detail, sizeof news->refusal.detail, "%s", answer->detail);
        news->result = CG_RESULT_REFUSED;
        return true;
    }
    if (!cg_answer_check(requests->snapshot, request, answer, item->port, cg_clock_wall_ms() / 1000, &news->refusal) ||
        !(news->issued = cg_answer_issued(answer)))
        return false;
    news->issued->snapshot = requests->snapshot->number;
    news->result = CG_RESULT_OK;
    return true;
}

struct cg_work *cg_requests_examine(struct cg_requests *requests, struct cg_item *item)
{
    struct cg_mail_answer answer;
    struct cg_mail_request request;
    memset(&request, 0, sizeof request);
    struct cg_work *news = cg_work_new(CG_WORK_ANSWER, item->id);
    if (!news)
        return NULL;
    item->answer = cg_spool_state(&requests->spool, CG_SPOOL_ANSWER, item->id);
    bool found = cg_requests_load_answer(requests, item, &answer) == CG_SPOOL_OK &&
                 cg_requests_load(requests, item->id, &request) == CG_SPOOL_OK;
    item->bad = found && !judge(requests, item, &request, &answer, news);
    if (!found || item->bad)
        news->kind = CG_WORK_UNANSWERED;
    cg_mail_request_clear(&request);
    cg_mail_answer_clear(&answer);
    return news;
}

/* ---- the folder answers/ */

/* The CA makes answers/ when it answers for the first time. */
bool cg_answers_are_current(struct cg_requests *requests)
{
    struct cg_error err = {""};
    bool current = cg_spool_is_current(&requests->spool, &err);
    if (*err.text)
        cg_requests_warn(requests, CG_WARNED_ANSWERS, &err);
    else
        requests->warned &= ~(1U << CG_WARNED_ANSWERS);
    return current;
}

static void visit_answer(void *context, enum cg_spool_file file, const char *id)
{
    struct cg_requests *requests = context;
    struct cg_item *item = cg_request_index_find(&requests->index, id);
    if (!item)
        return; /* not of this broker, or removed: the CA's to clean up */
    const struct cg_spool_state now = cg_spool_state(&requests->spool, file, id);
    item->seen = true;
    if (!cg_spool_state_equal(&now, &item->answer))
        cg_queue_append(&requests->todo, &item->to_read);
}

/* What the CA removed: the end of a request that is confirmed, otherwise it is without an answer again. Without its note, the CA
 * could revoke a certificate that is in use. */
static void take_removed(struct cg_requests *requests, struct cg_item *item)
{
    bool had = item->answer.inode != 0;
    item->answer = (struct cg_spool_state){0};
    if (item->done && !item->own_answer && (had || !requests->replaced))
        cg_requests_remove(requests, item);
    else if (had)
        cg_queue_append(&requests->todo, &item->to_read);
}

static void note_folder(struct cg_requests *requests, uint64_t inode)
{
    const bool replaced = inode && requests->answers && inode != requests->answers;
    requests->answers = inode ? inode : requests->answers;
    requests->replaced = requests->replaced || replaced;
    for (struct cg_item *item = cg_request_index_first(&requests->index); replaced && item; item = cg_item_next(item)) {
        item->answer = (struct cg_spool_state){0};
        cg_queue_append(&requests->todo, &item->to_read);
    }
}

#define SETTLED_NS INT64_C(2000000000) /* file systems with coarse times change twice within one of them */

void cg_answers_scan(struct cg_requests *requests)
{
    const struct cg_spool_state now = cg_spool_answers_state(&requests->spool);
    int64_t age_ns = cg_clock_wall_ms() * 1000000 - now.modified_ns;
    note_folder(requests, now.inode);
    if (!now.inode || (cg_spool_state_equal(&now, &requests->seen) && (age_ns > SETTLED_NS || age_ns < 0)))
        return;
    for (struct cg_item *item = cg_request_index_first(&requests->index); item; item = cg_item_next(item))
        item->seen = false;
    if (!cg_spool_list_answers(&requests->spool, visit_answer, requests))
        return;
    requests->seen = now;
    for (struct cg_item *item = cg_request_index_first(&requests->index), *next; item; item = next) {
        next = cg_item_next(item);
        if (!item->seen)
            take_removed(requests, item);
    }
}

void cg_answers_read(struct cg_requests *requests, int most)
{
    for (; requests->todo.first && most > 0; most--) {
        struct cg_item *item = CG_OWNER(requests->todo.first, struct cg_item, to_read);
        cg_queue_remove(&item->to_read);
        cg_requests_post(requests, cg_requests_examine(requests, item));
    }
}
