/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "request_files.h"

#include "broker/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cg_requests_post(struct cg_requests *requests, struct cg_work *news)
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
    cg_requests_post(requests, news);
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

void cg_requests_probe(struct cg_requests *requests)
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
    cg_requests_post(requests, news);
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

void cg_requests_close(struct cg_requests *requests)
{
    cg_request_index_clear(&requests->index);
    cg_spool_close(&requests->spool);
    requests->open = requests->unwritable = false;
    requests->seen = (struct cg_spool_state){0};
}

void cg_requests_close_for_now(struct cg_requests *requests)
{
    cg_requests_close(requests);
    requests->open_at_ms = cg_clock_monotonic_ms() + 5000;
}
