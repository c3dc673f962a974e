/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "results.h"

#include "broker/base/clock.h"
#include "broker/session/session.h"
#include "jobs.h"
#include "replies.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE 256 /* results; then the broker serves its clients */

/* The session with this certificate that waits for the entry; NULL: it ended. */
static struct cg_renewal_session *asker(const struct cg_renewal *renewal, const struct cg_entry *entry,
                                        const unsigned char *certificate)
{
    struct cg_renewal_session *session = cg_sessions_of_certificate(&renewal->sessions, certificate);
    while (session && session->conn->number != entry->asked_by)
        session = cg_session_next(session);
    return session;
}

static struct cg_entry *find_or_add(struct cg_renewal *renewal, const struct cg_work *work)
{
    struct cg_entry *entry = cg_table_find(&renewal->table, work->id);
    return entry ? entry : cg_table_add(&renewal->table, work->id, &work->facts);
}

static void report_kept(struct cg_renewal *renewal, struct cg_conn *conn, const struct cg_work *work)
{
    const struct cg_event event = {
        .type = CG_EVENT_RENEWAL_REQUESTED,
        .detail = "the request waits for the CA",
        .conn = conn,
        .certificate = sk_X509_value(work->subject.path, 0),
        .client_id = conn ? conn->session->client_id : NULL,
        .renewal = work->id,
    };
    renewal->requested++;
    cg_reporter_write(renewal->reporter, &event);
}

/* If it was kept before the table knew it, its answer may already be known. */
static void on_kept(struct cg_renewal *renewal, struct cg_work *work)
{
    struct cg_entry *entry = find_or_add(renewal, work);
    if (!entry)
        return; /* the device asks again, and the worker knows it */
    entry->facts.received = work->facts.received;
    struct cg_renewal_session *session = asker(renewal, entry, work->facts.certificate);
    if (work->fresh)
        report_kept(renewal, session ? session->conn : NULL, work);
    if (entry->state == CG_ENTRY_CHECKING)
        cg_table_set(&renewal->table, entry, CG_ENTRY_WAITING, NULL);
    if (work->task && session && entry->state == CG_ENTRY_WAITING)
        cg_reply_pending(renewal, session, entry);
}

static void on_request(struct cg_renewal *renewal, struct cg_work *work)
{
    struct cg_entry *entry = cg_table_find(&renewal->table, work->id);
    if (work->result == CG_RESULT_OK) {
        on_kept(renewal, work);
        return;
    }
    if (!entry || entry->state != CG_ENTRY_CHECKING)
        return;
    struct cg_renewal_session *session = asker(renewal, entry, entry->facts.certificate);
    if (work->result == CG_RESULT_REFUSED)
        cg_report_refused(renewal, session ? session->conn : NULL, sk_X509_value(work->subject.path, 0), work->id,
                          &work->refusal);
    if (session && work->result == CG_RESULT_REFUSED)
        cg_reply_refused(renewal, session, &work->refusal);
    else if (session)
        cg_reply_busy(renewal, session, 0);
    cg_table_remove(&renewal->table, entry);
}

/* To each session with the certificate that has asked since it connected: others may not know the topic. */
static void deliver(struct cg_renewal *renewal, struct cg_entry *entry)
{
    struct cg_renewal_session *session = cg_sessions_of_certificate(&renewal->sessions, entry->facts.certificate);
    for (; session; session = cg_session_next(session))
        if (session->asked)
            cg_reply_answer(renewal, session, entry);
}

static void report_answer_refused(struct cg_renewal *renewal, const struct cg_entry *entry, const struct cg_work *work)
{
    struct cg_renewal_session *session = cg_sessions_of_certificate(&renewal->sessions, entry->facts.certificate);
    cg_report_refused(renewal, session ? session->conn : NULL, work->certificate, work->id, &work->refusal);
}

static void on_answer(struct cg_renewal *renewal, struct cg_work *work)
{
    struct cg_entry *entry = cg_table_find(&renewal->table, work->id);
    if (!entry)
        return;
    bool was_known = work->task && entry->state != CG_ENTRY_WAITING;
    struct cg_renewal_session *session = work->task ? asker(renewal, entry, entry->facts.certificate) : NULL;
    entry->rechecking = false;
    if (work->result == CG_RESULT_BUSY) {
        if (session)
            cg_reply_busy(renewal, session, 0);
        return;
    }
    entry->refusal = work->refusal;
    cg_table_set(&renewal->table, entry, work->result == CG_RESULT_OK ? CG_ENTRY_ISSUED : CG_ENTRY_REFUSED,
                 work->issued);
    work->issued = NULL;
    if (work->result == CG_RESULT_REFUSED && !work->task)
        report_answer_refused(renewal, entry, work);
    if (was_known && session)
        cg_reply_answer(renewal, session, entry);
    else if (!was_known && !entry->confirmed)
        deliver(renewal, entry);
}

static void on_unanswered(struct cg_renewal *renewal, struct cg_work *work)
{
    struct cg_entry *entry = cg_table_find(&renewal->table, work->id);
    if (!entry)
        return;
    entry->rechecking = false;
    if (work->refusal.reason != CG_REASON_UNSET && work->refusal.reason != CG_REASON_OK)
        report_answer_refused(renewal, entry, work);
    cg_table_set(&renewal->table, entry, CG_ENTRY_WAITING, NULL);
    struct cg_renewal_session *session = work->task ? asker(renewal, entry, entry->facts.certificate) : NULL;
    if (session)
        cg_reply_pending(renewal, session, entry);
}

static void report_confirmed(struct cg_renewal *renewal, struct cg_conn *conn, const struct cg_work *work)
{
    const struct cg_event event = {
        .type = CG_EVENT_RENEWAL_CONFIRMED,
        .detail = "the new certificate was used",
        .conn = conn,
        .certificate = work->certificate,
        .client_id = conn ? conn->session->client_id : NULL,
        .renewal = work->id,
    };
    renewal->confirmed++;
    cg_reporter_write(renewal->reporter, &event);
}

/* If it could not be written, it is tried again while the session lives. */
static void on_done(struct cg_renewal *renewal, struct cg_work *work)
{
    struct cg_entry *entry = cg_table_find(&renewal->table, work->id);
    if (!entry)
        return;
    struct cg_renewal_session *session = entry->issued ? asker(renewal, entry, entry->issued->leaf) : NULL;
    entry->confirming = false;
    if (work->result == CG_RESULT_OK)
        cg_table_confirm(&renewal->table, entry);
    else if (session)
        cg_sessions_watch(&renewal->sessions, session, cg_clock_monotonic_ms());
    if (work->fresh)
        report_confirmed(renewal, session ? session->conn : NULL, work);
}

static void on_gone(struct cg_renewal *renewal, struct cg_work *work)
{
    struct cg_entry *entry = cg_table_find(&renewal->table, work->id);
    if (entry)
        cg_table_remove(&renewal->table, entry);
}

static void on_command(struct cg_renewal *renewal, struct cg_work *work)
{
    cg_jobs_done(renewal, work);
}

/* What is at the worker stays: its result follows. */
static void forget_kept(struct cg_renewal *renewal)
{
    for (struct cg_entry *entry = cg_table_first(&renewal->table), *next; entry; entry = next) {
        next = cg_entry_next(entry);
        if (entry->state != CG_ENTRY_CHECKING)
            cg_table_remove(&renewal->table, entry);
    }
}

static void on_state(struct cg_renewal *renewal, struct cg_work *work)
{
    renewal->full = work->full;
    if (work->fresh)
        forget_kept(renewal);
}

static void on_warning(struct cg_renewal *renewal, struct cg_work *work)
{
    const struct cg_event event = {.type = CG_EVENT_CONFIGURATION_WARNING, .detail = work->err.text};
    cg_reporter_write(renewal->reporter, &event);
}

static void take(struct cg_renewal *renewal, struct cg_work *work)
{
    static void (*const rows[])(struct cg_renewal *, struct cg_work *) = {
        [CG_WORK_REQUEST] = on_request, [CG_WORK_ANSWER] = on_answer,   [CG_WORK_UNANSWERED] = on_unanswered,
        [CG_WORK_DONE] = on_done,       [CG_WORK_GONE] = on_gone,       [CG_WORK_COMMAND] = on_command,
        [CG_WORK_STATE] = on_state,     [CG_WORK_WARNING] = on_warning,
    };
    renewal->at_worker -= work->task;
    if (work->epoch == renewal->epoch || work->kind == CG_WORK_COMMAND)
        rows[work->kind](renewal, work);
    cg_work_free(work);
}

bool cg_results_take(struct cg_renewal *renewal)
{
    struct cg_work *work = NULL;
    for (int i = 0; i < AT_ONCE && (work = cg_worker_take(renewal->worker)); i++)
        take(renewal, work);
    return work != NULL;
}
