/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "questions.h"

#include "broker/base/clock.h"
#include "broker/session/session.h"
#include "check.h"
#include "due.h"
#include "replies.h"

#include "core/renewal/question.h"
#include "core/renewal/statements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OF_ONE_MAX 8 /* requests of one certificate: the CA gives no more than three successors */
#define HOUR       3600

/* A question that is being answered. */
struct ask {
    struct cg_renewal *renewal;
    struct cg_snapshot *current;
    struct cg_renewal_session *session;
    struct cg_question question;
    const unsigned char *payload;
    size_t len;
};

/* ---- requests */

static void refuse(const struct ask *ask, const char *id, const struct cg_refusal *refusal)
{
    struct cg_conn *conn = ask->session->conn;
    cg_report_refused(ask->renewal, conn, conn->peer_leaf, id, refusal);
    cg_reply_refused(ask->renewal, ask->session, refusal);
}

/* The octets of the request, malloc'ed. NULL: out of memory, or it is no base64. */
static unsigned char *octets_of(const struct ask *ask, size_t *len)
{
    unsigned char *data = malloc(ask->len);
    *len = ask->len;
    if (data && ask->question.kind == CG_QUESTION_REQUEST)
        memcpy(data, ask->payload, ask->len);
    else if (data)
        *len = cg_renewal_decode((const char *)ask->payload, ask->len, data, ask->len);
    return data;
}

/* The worker looks for the answer, or checks it again: for this listener, and with the current policy. Its result is the reply.
 * False: it cannot be asked now. */
static bool ask_worker(const struct ask *ask, struct cg_entry *entry)
{
    const struct cg_conn *conn = ask->session->conn;
    struct cg_work *task = entry->rechecking ? NULL : cg_work_new(CG_WORK_ANSWER, entry->id);
    if (task)
        task->port = conn->listener;
    if (task && cg_renewal_push(ask->renewal, task)) {
        entry->rechecking = true;
        entry->port = conn->listener;
    }
    entry->asked_by = conn->number;
    return entry->rechecking;
}

/* An answer of the CA may have arrived since the last look. */
static void answer_known(const struct ask *ask, struct cg_entry *entry)
{
    bool current = entry->state == CG_ENTRY_REFUSED ||
                   (entry->state == CG_ENTRY_ISSUED && entry->port == ask->session->conn->listener &&
                    entry->issued->snapshot == ask->current->number);
    if (entry->state == CG_ENTRY_CHECKING)
        entry->asked_by = ask->session->conn->number; /* the result is the reply */
    else if (current)
        cg_reply_answer(ask->renewal, ask->session, entry);
    else if (!ask_worker(ask, entry))
        cg_reply_busy(ask->renewal, ask->session, 0);
}

static size_t count_requests(const struct cg_table *table, const unsigned char *certificate)
{
    size_t count = 0;
    for (struct cg_entry *entry = cg_table_of_certificate(table, certificate); entry;
         entry = cg_entry_next_of_certificate(entry))
        count++;
    return count;
}

/* Two clients with one new key: the other one's request may be a stranger's, who wraps this CSR. A client whose certificate was
 * replaced by hand meanwhile may keep its key. */
static bool is_of_another(const struct cg_table *table, const struct cg_request_facts *facts)
{
    const struct cg_entry *entry = cg_table_of_key(table, facts->key);
    return entry && strcmp(entry->facts.subject, facts->subject) != 0;
}

/* Hands the request to the worker. False: it stays the caller's, and has no answer yet. */
static bool start_check(const struct ask *ask, struct cg_work *task)
{
    struct cg_renewal *renewal = ask->renewal;
    struct cg_conn *conn = ask->session->conn;
    task->port = conn->listener;
    struct cg_entry *entry = cg_recheck_subject_of(conn, &task->subject)
                                 ? cg_table_add(&renewal->table, task->id, &task->facts)
                                 : NULL;
    if (!entry)
        return false;
    entry->asked_by = conn->number;
    entry->port = conn->listener;
    if (!cg_renewal_push(renewal, task)) {
        cg_table_remove(&renewal->table, entry);
        cg_reply_busy(renewal, ask->session, 0);
    }
    return true;
}

/* The same as start_check(). */
static bool answer_request(const struct ask *ask, struct cg_work *task)
{
    struct cg_renewal *renewal = ask->renewal;
    const X509 *leaf = ask->session->conn->peer_leaf;
    struct cg_refusal refusal = {CG_REASON_UNSET, ""};
    if (!cg_renewal_parse(task->data, task->len, &task->request, &refusal)) {
        refuse(ask, "", &refusal);
        return false;
    }
    struct cg_entry *entry = cg_renewal_id(leaf, &task->request, task->id) ? cg_table_find(&renewal->table, task->id)
                                                                           : NULL;
    if (entry) {
        answer_known(ask, entry);
        return false;
    }
    bool ready = *task->id && cg_request_facts(leaf, &task->request, cg_clock_wall_ms() / 1000, &task->facts);
    if (ready && is_of_another(&renewal->table, &task->facts)) {
        cg_refuse(&refusal, CG_REASON_RENEWAL_KEY_NOT_NEW, "another client has requested a certificate for this key");
        refuse(ask, task->id, &refusal);
        return false;
    }
    bool many = count_requests(&renewal->table, ask->session->certificate) >= OF_ONE_MAX;
    if (ready && !many && start_check(ask, task))
        return true;
    cg_reply_busy(renewal, ask->session, many ? HOUR : 0);
    return false;
}

static void on_request(const struct ask *ask)
{
    struct cg_work *task = cg_work_new(CG_WORK_REQUEST, NULL);
    if (task)
        task->data = octets_of(ask, &task->len);
    if (!task || !task->data)
        cg_reply_busy(ask->renewal, ask->session, 0);
    else if (answer_request(ask, task))
        return;
    cg_work_free(task);
}

/* ---- the other questions */

static void on_due(const struct ask *ask)
{
    char text[48];
    int64_t seconds = cg_seconds_until_due(ask->current, ask->session->conn, cg_clock_wall_ms() / 1000);
    snprintf(text, sizeof text, "%lld %zu", (long long)seconds, cg_statements_count(ask->current->statements));
    cg_reply_text(ask->renewal, ask->session, CG_ANSWER_DUE, text);
}

static void reply_numbered(const struct ask *ask, const char *kind, const void *data, size_t len)
{
    char topic[24];
    snprintf(topic, sizeof topic, "%s/%u", kind, ask->question.number);
    cg_sessions_answer(&ask->renewal->sessions, ask->session, topic, data, len);
}

/* The answer that was delivered last to this certificate. */
static const struct cg_issued *last_issued(const struct ask *ask)
{
    const struct cg_entry *last = NULL;
    for (const struct cg_entry *entry = cg_table_of_certificate(&ask->renewal->table, ask->session->certificate); entry;
         entry = cg_entry_next_of_certificate(entry))
        if (entry->issued && (!last || entry->delivered > last->delivered))
            last = entry;
    return last ? last->issued : NULL;
}

static void on_chain(const struct ask *ask)
{
    const struct cg_issued *issued = last_issued(ask);
    bool found = issued && ask->question.number < issued->count;
    reply_numbered(ask, CG_ANSWER_CHAIN, found ? issued->item[ask->question.number].data : NULL,
                   found ? issued->item[ask->question.number].len : 0);
}

static void on_anchor(const struct ask *ask)
{
    const unsigned char *data = NULL;
    size_t len = 0;
    (void)cg_statements_get(ask->current->statements, ask->question.number, &data, &len);
    reply_numbered(ask, CG_ANSWER_ANCHOR, data, len);
}

static const struct {
    void (*answer)(const struct ask *);
    enum cg_limit limit;
} rows[] = {
    [CG_QUESTION_UNKNOWN] = {NULL, CG_LIMIT_QUESTIONS},      [CG_QUESTION_DUE] = {on_due, CG_LIMIT_QUESTIONS},
    [CG_QUESTION_REQUEST] = {on_request, CG_LIMIT_REQUESTS}, [CG_QUESTION_BASE64] = {on_request, CG_LIMIT_REQUESTS},
    [CG_QUESTION_CHAIN] = {on_chain, CG_LIMIT_QUESTIONS},    [CG_QUESTION_ANCHOR] = {on_anchor, CG_LIMIT_QUESTIONS},
};

/* A bridge's peer has a server's certificate, and it is not a client of ours. */
static bool can_ask(const struct cg_conn *conn)
{
    return conn && conn->peer_leaf && conn->role == CG_ROLE_LISTENER && conn->state == CG_CONN_ESTABLISHED &&
           conn->session && conn->session->claim && !conn->session->ending;
}

void cg_question_answer(struct cg_renewal *renewal, struct cg_snapshot *current,
                        const struct cg_renewal_question *question)
{
    struct ask ask = {renewal, current, NULL, {CG_QUESTION_UNKNOWN, 0}, question->payload, question->len};
    if (!can_ask(question->conn))
        return;
    ask.session = cg_sessions_of(&renewal->sessions, question->conn);
    if (!ask.session)
        return;
    ask.session->asked = true;
    cg_reply_confirm(renewal, ask.session);
    ask.question = cg_question_of(question->payload, question->len);
    if (!rows[ask.question.kind].answer)
        return;
    int64_t wait_ms = cg_ask_limits_wait(&renewal->limits, ask.session->certificate, rows[ask.question.kind].limit,
                                         cg_clock_monotonic_ms());
    if (wait_ms)
        cg_reply_busy(renewal, ask.session, (wait_ms + 999) / 1000);
    else
        rows[ask.question.kind].answer(&ask);
}
