/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "requests.h"

#include "broker/base/clock.h"
#include "check.h"

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

static void close_spool(struct cg_requests *requests)
{
    cg_request_index_clear(&requests->index);
    cg_spool_close(&requests->spool);
    requests->open = requests->unwritable = false;
    requests->seen = (struct cg_spool_state){0};
}

void cg_requests_clear(struct cg_requests *requests)
{
    close_spool(requests);
    cg_request_index_free(&requests->index);
}

void cg_requests_use(struct cg_requests *requests, struct cg_snapshot *snapshot, bool again)
{
    requests->snapshot = snapshot;
    if (again) {
        close_spool(requests);
        requests->warned = 0;
        requests->reported_full = false;
        requests->open_at_ms = 0;
    }
    for (struct cg_item *item = cg_request_index_first(&requests->index); item; item = cg_item_next(item))
        if (item->bad) /* the new policy may accept it */
            cg_queue_append(&requests->todo, &item->to_read);
}

/* ---- for all tasks */

static void post(struct cg_requests *requests, struct cg_work *news)
{
    if (news)
        requests->post(requests->context, news);
    else /* out of memory: read everything again later */
        requests->open_at_ms = 1;
}

void cg_requests_warn(struct cg_requests *requests, int kind, const struct cg_error *err)
{
    if (requests->warned & (1U << kind))
        return;
    struct cg_work *news = cg_work_new(CG_WORK_WARNING, NULL);
    if (!news)
        return;
    requests->warned |= 1U << kind;
    news->err = *err;
    post(requests, news);
}

/* The result of a write. */
static bool note_write(struct cg_requests *requests, bool ok, const struct cg_error *err)
{
    requests->unwritable = !ok;
    if (ok)
        requests->warned &= ~(1U << CG_WARNED_WRITE);
    else
        cg_requests_warn(requests, CG_WARNED_WRITE, err);
    return ok;
}

static void probe(struct cg_requests *requests)
{
    struct cg_error err = {""};
    note_write(requests, cg_spool_is_writable(&requests->spool, &err), &err);
}

bool cg_requests_write(struct cg_requests *requests, enum cg_spool_file file, struct cg_item *item, cJSON *json,
                       struct cg_error *err)
{
    char *text = json ? cJSON_PrintUnformatted(json) : NULL;
    size_t len = text ? strlen(text) : 0;
    cJSON_Delete(json);
    if (!text) {
        cg_error_set(err, "cannot write a file of the spool: out of memory. Try again later.");
        return false;
    }
    if (len >= CG_MAILBOX_FILE_MAX) { /* nobody would read it */
        cJSON_free(text);
        cg_error_set(err, "cannot keep request %s: its certificate is too large. Issue a smaller one.", item->id);
        cg_requests_warn(requests, CG_SPOOL_HUGE, err);
        return false;
    }
    bool had = file == CG_SPOOL_OWN_ANSWER && item->own_answer;
    text[len] = '\n'; /* instead of the NUL */
    bool ok = note_write(requests, cg_spool_write(&requests->spool, file, item->id, text, len + 1, err), err);
    cJSON_free(text);
    cg_request_index_count_bytes(&requests->index, item, ok && !had ? len + 1 : 0);
    return ok;
}

void cg_requests_remove(struct cg_requests *requests, struct cg_item *item)
{
    struct cg_work *news = cg_work_new(CG_WORK_GONE, item->id);
    cg_spool_remove(&requests->spool, CG_SPOOL_REQUEST, item->id);
    cg_spool_remove(&requests->spool, CG_SPOOL_OWN_ANSWER, item->id);
    cg_spool_remove(&requests->spool, CG_SPOOL_DONE, item->id); /* last: without it, the CA would answer again */
    cg_request_index_remove(&requests->index, item);
    post(requests, news);
}

enum cg_spool_fault cg_requests_load(struct cg_requests *requests, const char *id, struct cg_mail_request *out)
{
    struct cg_error err = {""};
    char *text = NULL;
    size_t len = 0;
    memset(out, 0, sizeof *out);
    enum cg_spool_fault fault = cg_spool_read(&requests->spool, CG_SPOOL_REQUEST, id, &text, &len, &err);
    if (fault == CG_SPOOL_OK && (!cg_mail_request_read(text, len, out, &err) || strcmp(out->id, id) != 0)) {
        fault = CG_SPOOL_MALFORMED;
        cg_error_prefix(&err, "ignored %s/requests/%s.json", requests->spool.path, id);
    }
    free(text);
    if (fault > CG_SPOOL_ABSENT)
        cg_requests_warn(requests, (int)fault, &err);
    return fault;
}

/* ---- answers */

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

/* ---- tasks of the main thread */

/* The CA makes answers/ when it answers for the first time. */
static bool is_current(struct cg_requests *requests)
{
    struct cg_error err = {""};
    bool current = cg_spool_is_current(&requests->spool, &err);
    if (*err.text)
        cg_requests_warn(requests, CG_WARNED_ANSWERS, &err);
    else
        requests->warned &= ~(1U << CG_WARNED_ANSWERS);
    return current;
}

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
        (void)is_current(requests);
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

/* ---- the folder */

static int64_t next_attempt(void)
{
    return cg_clock_monotonic_ms() + 5000;
}

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
    post(requests, news);
    struct cg_work *done = item->done ? cg_work_new(CG_WORK_DONE, item->id) : NULL;
    if (done)
        done->result = CG_RESULT_OK;
    if (item->done)
        post(requests, done);
    if (item->own_answer)
        cg_queue_append(&requests->todo, &item->to_read);
}

static void open_spool(struct cg_requests *requests)
{
    struct cg_error err = {""};
    requests->open_at_ms = 0;
    requests->open = cg_spool_open(&requests->spool, requests->snapshot->policy->renewal.spool, &err) &&
                     cg_spool_list_requests(&requests->spool, visit_request, requests);
    if (!requests->open || requests->open_at_ms) {
        cg_error_set(&err, "%s", *err.text ? err.text : "cannot list the spool. The plugin tries again.");
        cg_requests_warn(requests, CG_WARNED_OPEN, &err);
        close_spool(requests);
        requests->open_at_ms = next_attempt();
        return;
    }
    requests->warned &= ~(1U << CG_WARNED_OPEN);
    struct cg_work *news = cg_work_new(CG_WORK_STATE, NULL);
    if (news) {
        news->fresh = true;
        news->full = requests->reported_full;
    }
    post(requests, news);
    for (struct cg_item *item = cg_request_index_first(&requests->index), *next; item; item = next) {
        next = cg_item_next(item);
        if (read_item(requests, item))
            announce(requests, item);
    }
    probe(requests);
    requests->sweep_at_ms = 0;
}

/* ---- answers/ */

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

/* What the CA removed: the end of a request that is confirmed, otherwise it is without an answer again. */
static void take_removed(struct cg_requests *requests, struct cg_item *item)
{
    bool had = item->answer.inode != 0;
    item->answer = (struct cg_spool_state){0};
    if (item->done && !item->own_answer)
        cg_requests_remove(requests, item);
    else if (had)
        cg_queue_append(&requests->todo, &item->to_read);
}

#define SETTLED_NS INT64_C(2000000000) /* file systems with coarse times change twice within one of them */

static void scan_answers(struct cg_requests *requests)
{
    const struct cg_spool_state now = cg_spool_answers_state(&requests->spool);
    int64_t age_ns = cg_clock_wall_ms() * 1000000 - now.modified_ns;
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

#define SWEEP_MS  60000
#define KEPT_DAYS 7 /* after the end of the certificate: it cannot be renewed any more */

static void sweep(struct cg_requests *requests)
{
    int64_t now = cg_clock_wall_ms() / 1000;
    for (struct cg_item *item = cg_request_index_first(&requests->index), *next; item; item = next) {
        next = cg_item_next(item);
        if (item->ends < now - KEPT_DAYS * CG_DAY)
            cg_requests_remove(requests, item);
    }
    if (requests->unwritable)
        probe(requests);
    requests->seen = (struct cg_spool_state){0}; /* list all: a network file system may be late */
}

static void read_answers(struct cg_requests *requests, int most)
{
    for (; requests->todo.first && most > 0; most--) {
        struct cg_item *item = CG_OWNER(requests->todo.first, struct cg_item, to_read);
        cg_queue_remove(&item->to_read);
        post(requests, cg_requests_examine(requests, item));
    }
}

static void report_state(struct cg_requests *requests)
{
    bool full = !requests->open || requests->unwritable ||
                cg_request_index_is_full(&requests->index, CG_MAILBOX_FILE_MAX);
    struct cg_work *news = full != requests->reported_full ? cg_work_new(CG_WORK_STATE, NULL) : NULL;
    if (!news)
        return;
    requests->reported_full = news->full = full;
    post(requests, news);
}

#define READ_AT_ONCE 8 /* answers; then tasks have their turn */
#define SCAN_MS      1000

int64_t cg_requests_poll(struct cg_requests *requests)
{
    int64_t now_ms = cg_clock_monotonic_ms();
    if (!requests->snapshot)
        return SWEEP_MS;
    if (requests->open && (requests->open_at_ms || !is_current(requests))) {
        close_spool(requests);
        requests->open_at_ms = next_attempt();
    }
    if (!requests->open && requests->open_at_ms <= now_ms)
        open_spool(requests);
    if (requests->open && requests->sweep_at_ms <= now_ms) {
        requests->sweep_at_ms = now_ms + SWEEP_MS;
        sweep(requests);
    }
    if (requests->open) {
        scan_answers(requests);
        read_answers(requests, READ_AT_ONCE);
    }
    report_state(requests);
    return requests->todo.first ? 0 : SCAN_MS;
}
