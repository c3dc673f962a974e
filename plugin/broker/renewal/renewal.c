/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "renewal.h"

#include "broker/base/clock.h"
#include "broker/session/session.h"
#include "jobs.h"
#include "parts.h"
#include "questions.h"
#include "replies.h"
#include "results.h"

#include "core/base/datetime.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MS     100 /* for the worker */
#define IDLE_MS     1000
#define WAITING_MAX 100 /* in "status" */

struct cg_renewal *cg_renewal_new(struct cg_reporter *reporter, struct cg_client_map *clients, cg_send_fn send)
{
    struct cg_renewal *renewal = calloc(1, sizeof *renewal);
    if (!renewal)
        return NULL;
    renewal->reporter = reporter;
    renewal->clients = clients;
    renewal->send = send;
    bool ok = cg_table_init(&renewal->table);
    ok = cg_ask_limits_init(&renewal->limits) && ok;
    ok = cg_sessions_init(&renewal->sessions) && ok;
    if (ok)
        return renewal;
    cg_renewal_free(renewal);
    return NULL;
}

void cg_renewal_free(struct cg_renewal *renewal)
{
    if (!renewal)
        return;
    cg_worker_stop(renewal->worker);
    cg_jobs_free(renewal);
    cg_sessions_free(&renewal->sessions);
    cg_ask_limits_free(&renewal->limits);
    cg_table_free(&renewal->table);
    free(renewal->spool);
    free(renewal);
}

/* ---- the policy */

static void warn_no_worker(struct cg_renewal *renewal)
{
    const struct cg_event event = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = "cannot start the thread for renewal: out of memory, or too many threads",
        .fix = "The plugin tries again; renewal is off until then",
    };
    if (!renewal->warned)
        cg_reporter_write(renewal->reporter, &event);
    renewal->warned = true;
}

static void clear_table(struct cg_renewal *renewal)
{
    for (struct cg_entry *entry = cg_table_first(&renewal->table); entry; entry = cg_table_first(&renewal->table))
        cg_table_remove(&renewal->table, entry);
}

/* Another spool, or none. False: out of memory. */
static bool set_spool(struct cg_renewal *renewal, const char *spool)
{
    char *copy = spool ? strdup(spool) : NULL;
    if (spool && !copy)
        return false;
    free(renewal->spool);
    renewal->spool = copy;
    renewal->epoch++;
    renewal->full = false;
    clear_table(renewal);
    return true;
}

static bool same_spool(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Renewal is off until the worker runs and has the new policy. */
static void follow(struct cg_renewal *renewal, struct cg_snapshot *current)
{
    const char *spool = current->policy->renewal.spool;
    if (current->number == renewal->snapshot)
        return;
    if (spool && !renewal->worker)
        renewal->worker = cg_worker_start();
    if ((spool && !renewal->worker) || (!same_spool(spool, renewal->spool) && !set_spool(renewal, spool))) {
        warn_no_worker(renewal);
        return;
    }
    renewal->snapshot = current->number;
    renewal->warned = false;
    if (renewal->worker)
        cg_worker_use(renewal->worker, current, renewal->epoch);
}

/* ---- sessions */

void cg_renewal_receive(struct cg_renewal *renewal, struct cg_snapshot *current,
                        const struct cg_renewal_question *question)
{
    follow(renewal, current); /* a question may arrive before the first housekeeping */
    if (renewal->spool)
        cg_question_answer(renewal, current, question);
}

void cg_renewal_accepted(struct cg_renewal *renewal, struct cg_conn *conn)
{
    bool watch = renewal->spool && renewal->table.unconfirmed && conn->peer_leaf && conn->role == CG_ROLE_LISTENER;
    struct cg_renewal_session *session = watch ? cg_sessions_of(&renewal->sessions, conn) : NULL;
    if (!session)
        return;
    if (cg_table_of_leaf(&renewal->table, session->certificate))
        cg_sessions_watch(&renewal->sessions, session, cg_clock_monotonic_ms());
    else if (!session->asked)
        cg_sessions_forget(&renewal->sessions, conn);
}

static void confirm_lived(struct cg_renewal *renewal)
{
    struct cg_renewal_session *session = NULL;
    while ((session = cg_sessions_lived(&renewal->sessions, cg_clock_monotonic_ms()))) {
        const struct cg_claim *claim = session->conn->session->claim;
        if (claim && claim->accepted)
            cg_reply_confirm(renewal, session);
    }
}

void cg_renewal_ended(struct cg_renewal *renewal, const struct cg_conn *conn)
{
    cg_sessions_forget(&renewal->sessions, conn);
}

int64_t cg_renewal_poll(struct cg_renewal *renewal, struct cg_snapshot *current)
{
    follow(renewal, current);
    if (!renewal->worker)
        return -1;
    bool more = cg_results_take(renewal);
    if (renewal->spool)
        confirm_lived(renewal);
    cg_sessions_send(&renewal->sessions, renewal->clients, renewal->send);
    if (more)
        return 1;
    return renewal->at_worker ? WAIT_MS : renewal->spool ? IDLE_MS : -1;
}

/* ---- numbers */

struct cg_renewal_numbers cg_renewal_numbers(const struct cg_renewal *renewal)
{
    return (struct cg_renewal_numbers){
        .requested = renewal->requested,
        .refused = renewal->refused,
        .delivered = renewal->delivered,
        .confirmed = renewal->confirmed,
        .waiting = renewal->table.waiting,
        .full = renewal->full,
        .on = renewal->spool != NULL,
    };
}

static int oldest_first(const void *a, const void *b)
{
    const struct cg_entry *const *x = a, *const *y = b;
    int64_t one = (*x)->facts.received, other = (*y)->facts.received;
    return one < other ? -1 : one > other ? 1 : strcmp((*x)->id, (*y)->id);
}

static bool add_row(cJSON *list, const struct cg_entry *entry)
{
    char received[CG_TIME_TEXT_MAX];
    cJSON *row = cJSON_CreateObject();
    cg_time_print(entry->facts.received, received);
    bool ok = cJSON_AddStringToObject(row, "id", entry->id) &&
              cJSON_AddStringToObject(row, "subject", entry->facts.subject) &&
              cJSON_AddStringToObject(row, "received", received);
    if (ok && cJSON_AddItemToArray(list, row))
        return true;
    cJSON_Delete(row);
    return false;
}

cJSON *cg_renewal_waiting(const struct cg_renewal *renewal)
{
    const struct cg_entry **all = calloc((size_t)renewal->table.waiting + 1, sizeof *all);
    cJSON *list = all ? cJSON_CreateArray() : NULL;
    size_t count = 0;
    for (const struct cg_entry *entry = cg_table_first(&renewal->table); list && entry; entry = cg_entry_next(entry))
        if (entry->state == CG_ENTRY_WAITING)
            all[count++] = entry;
    if (list)
        qsort(all, count, sizeof(*all), oldest_first);
    for (size_t i = 0; list && i < count && i < WAITING_MAX; i++) {
        if (add_row(list, all[i]))
            continue;
        cJSON_Delete(list);
        list = NULL;
    }
    free(all);
    return list;
}

/* ---- commands of signers */

uint64_t cg_renewal_start(struct cg_renewal *renewal, enum cg_renewal_command command, const cJSON *argument,
                          struct cg_error *err)
{
    if (renewal->spool)
        return cg_jobs_start(renewal, command, argument, err);
    cg_error_set(err, "renewal is off. Set renewal.spool in the policy.");
    return 0;
}

bool cg_renewal_finish(struct cg_renewal *renewal, uint64_t ticket, cJSON **data, struct cg_error *err)
{
    return cg_jobs_finish(renewal, ticket, data, err);
}

void cg_renewal_abandon(struct cg_renewal *renewal, uint64_t ticket)
{
    cg_jobs_abandon(renewal, ticket);
}
