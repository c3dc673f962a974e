/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "replies.h"

#include "broker/base/clock.h"
#include "broker/session/session.h"
#include "due.h"

#include "core/renewal/question.h"

#include <stdio.h>
#include <string.h>

void cg_reply_text(struct cg_renewal *renewal, struct cg_renewal_session *session, const char *kind, const char *text)
{
    cg_sessions_answer(&renewal->sessions, session, kind, text, strlen(text));
}

void cg_reply_busy(struct cg_renewal *renewal, struct cg_renewal_session *session, int64_t seconds)
{
    char text[24];
    seconds = cg_seconds_bounded(seconds);
    snprintf(text, sizeof text, "%lld", (long long)(seconds ? seconds : CG_RENEW_SECONDS_LEAST));
    cg_reply_text(renewal, session, CG_ANSWER_BUSY, text);
}

void cg_reply_pending(struct cg_renewal *renewal, struct cg_renewal_session *session, const struct cg_entry *entry)
{
    char text[24 + CG_RENEWAL_ID_MAX];
    int64_t seconds = cg_seconds_pending(entry->facts.received, cg_clock_wall_ms() / 1000);
    snprintf(text, sizeof text, "%lld %s", (long long)seconds, entry->id);
    cg_reply_text(renewal, session, CG_ANSWER_PENDING, text);
}

/* The sentence of the code comes first; what was found in this case may be empty. */
void cg_reply_refused(struct cg_renewal *renewal, struct cg_renewal_session *session, const struct cg_refusal *refusal)
{
    char text[512];
    const struct cg_reason_row *row = cg_reason_row(refusal->reason);
    snprintf(text, sizeof text, "%s %s%s%s", row->code, row->sentence, *refusal->detail ? " " : "", refusal->detail);
    cg_reply_text(renewal, session, CG_ANSWER_REFUSED, text);
}

/* Once for each session. */
static void report_delivered(struct cg_renewal *renewal, struct cg_renewal_session *session,
                             const struct cg_entry *entry)
{
    char detail[120];
    if (strcmp(session->delivered, entry->id) == 0)
        return;
    memcpy(session->delivered, entry->id, sizeof session->delivered);
    snprintf(detail, sizeof detail, "the new certificate has serial number %.64s", entry->issued->serial);
    const struct cg_event event = {
        .type = CG_EVENT_RENEWAL_DELIVERED,
        .detail = detail,
        .conn = session->conn,
        .certificate = session->conn->peer_leaf,
        .client_id = session->conn->session->client_id,
        .renewal = entry->id,
    };
    renewal->delivered++;
    cg_reporter_write(renewal->reporter, &event);
}

void cg_reply_answer(struct cg_renewal *renewal, struct cg_renewal_session *session, struct cg_entry *entry)
{
    if (entry->state != CG_ENTRY_ISSUED) {
        cg_reply_refused(renewal, session, &entry->refusal);
        return;
    }
    cg_sessions_answer(&renewal->sessions, session, CG_ANSWER_ISSUED, entry->issued->item[0].data,
                       entry->issued->item[0].len);
    entry->delivered = ++renewal->deliveries;
    report_delivered(renewal, session, entry);
}

void cg_report_refused(struct cg_renewal *renewal, struct cg_conn *conn, const X509 *certificate, const char *id,
                       const struct cg_refusal *refusal)
{
    const struct cg_event event = {
        .type = CG_EVENT_RENEWAL_REFUSED,
        .reason = refusal->reason,
        .detail = refusal->detail,
        .conn = conn,
        .certificate = certificate,
        .client_id = conn && conn->session ? conn->session->client_id : NULL,
        .renewal = *id ? id : NULL,
    };
    renewal->refused++;
    cg_reporter_write(renewal->reporter, &event);
}

void cg_reply_confirm(struct cg_renewal *renewal, struct cg_renewal_session *session)
{
    struct cg_entry *entry = cg_table_of_leaf(&renewal->table, session->certificate);
    if (!entry || entry->confirmed || entry->confirming)
        return;
    struct cg_work *task = cg_work_new(CG_WORK_DONE, entry->id);
    if (!task)
        return;
    task->certificate = X509_up_ref(session->conn->peer_leaf) ? session->conn->peer_leaf : NULL;
    entry->asked_by = session->conn->number;
    entry->confirming = cg_renewal_push(renewal, task);
}
