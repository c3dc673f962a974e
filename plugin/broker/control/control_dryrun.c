/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "control_dryrun.h"

#include "broker/base/thread.h"
#include "broker/session/recheck.h"
#include "broker/session/session.h"
#include "control_session.h"

#include "core/policy/policy_load.h"
#include "tls/credential/preflight.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LISTED_MAX 100

struct item {
    struct cg_recheck_subject subject;
    char *client_id;
    char peer[CG_PEER_TEXT_MAX];
    enum cg_reason reason;
    char *detail;
};

struct cg_dryrun {
    pthread_t thread;
    char *text;
    struct cg_snapshot snapshot; /* with the tested policy, owned, and the trust of current, borrowed */
    struct cg_snapshot *current; /* reference */
    int64_t now;
    struct item *item;
    size_t count, refused;
    struct cg_error err; /* in the policy */
    atomic_bool stop, done;
};

static void check_item(struct cg_dryrun *dryrun, struct item *item)
{
    struct cg_verdict verdict;
    cg_recheck_run(&dryrun->snapshot, &item->subject, dryrun->now, &verdict);
    item->reason = verdict.decision == CG_ACCEPT ? CG_REASON_OK : verdict.reason;
    if (item->reason != CG_REASON_OK) {
        item->detail = strdup(verdict.detail);
        dryrun->refused++;
    }
    cg_verdict_clear(&verdict);
}

static void *run(void *argument)
{
    struct cg_dryrun *dryrun = argument;
    struct cg_policy *policy = cg_policy_parse("policy", dryrun->text, strlen(dryrun->text), &dryrun->err);
    if (policy && !cg_preflight_lists(policy, &dryrun->err)) {
        cg_policy_free(policy);
        policy = NULL;
    }
    dryrun->snapshot.policy = policy;
    for (size_t i = 0; dryrun->snapshot.policy && i < dryrun->count && !atomic_load(&dryrun->stop); i++)
        check_item(dryrun, &dryrun->item[i]);
    atomic_store(&dryrun->done, true);
    return NULL;
}

static bool collect(struct cg_dryrun *dryrun, const struct cg_conn *first)
{
    size_t count = 0;
    for (const struct cg_conn *conn = first; conn; conn = conn->next)
        count += cg_control_is_session(conn);
    dryrun->item = calloc(count ? count : 1, sizeof *dryrun->item);
    if (!dryrun->item)
        return false;
    for (const struct cg_conn *conn = first; conn; conn = conn->next) {
        if (!cg_control_is_session(conn))
            continue;
        struct item *item = &dryrun->item[dryrun->count++];
        item->client_id = conn->session->client_id ? strdup(conn->session->client_id) : NULL;
        cg_conn_peer_text(conn, item->peer);
        if (!cg_recheck_subject_of(conn, &item->subject))
            return false;
    }
    return true;
}

static void destroy(struct cg_dryrun *dryrun)
{
    for (size_t i = 0; i < dryrun->count; i++) {
        cg_recheck_subject_clear(&dryrun->item[i].subject);
        free(dryrun->item[i].client_id);
        free(dryrun->item[i].detail);
    }
    free(dryrun->item);
    cg_policy_free(dryrun->snapshot.policy);
    cg_snapshot_free(dryrun->current);
    free(dryrun->text);
    free(dryrun);
}

struct cg_dryrun *cg_dryrun_start(const char *text, const struct cg_conn *first, const struct cg_snapshot *current,
                                  int64_t now)
{
    struct cg_dryrun *dryrun = calloc(1, sizeof *dryrun);
    if (!dryrun)
        return NULL;
    dryrun->current = cg_snapshot_ref((struct cg_snapshot *)(uintptr_t)current);
    dryrun->snapshot.trust = current->trust;
    dryrun->snapshot.server_trust = current->server_trust;
    dryrun->snapshot.bridge_trust = current->bridge_trust;
    dryrun->now = now;
    dryrun->text = strdup(text);
    if (dryrun->text && collect(dryrun, first) && cg_thread_start(&dryrun->thread, run, dryrun) == 0)
        return dryrun;
    destroy(dryrun);
    return NULL;
}

bool cg_dryrun_is_done(const struct cg_dryrun *dryrun)
{
    return atomic_load(&dryrun->done);
}

bool cg_dryrun_answer(const struct cg_dryrun *dryrun, cJSON *data, struct cg_error *err)
{
    if (!dryrun->snapshot.policy) {
        *err = dryrun->err;
        return false;
    }
    cJSON_AddNumberToObject(data, "checked", (double)dryrun->count);
    cJSON_AddNumberToObject(data, "refused", (double)dryrun->refused);
    cJSON *list = cJSON_AddArrayToObject(data, "sessions");
    for (size_t i = 0, listed = 0; i < dryrun->count && listed < LISTED_MAX; i++) {
        const struct item *item = &dryrun->item[i];
        if (item->reason == CG_REASON_OK)
            continue;
        cJSON *row = cJSON_CreateObject();
        if (item->client_id)
            cJSON_AddStringToObject(row, "client_id", item->client_id);
        cJSON_AddStringToObject(row, "peer", item->peer);
        cJSON_AddStringToObject(row, "reason", cg_reason_row(item->reason)->code);
        cJSON_AddStringToObject(row, "detail", item->detail ? item->detail : "");
        cJSON_AddItemToArray(list, row);
        listed++;
    }
    return true;
}

void cg_dryrun_free(struct cg_dryrun *dryrun)
{
    if (!dryrun)
        return;
    atomic_store(&dryrun->stop, true);
    pthread_join(dryrun->thread, NULL);
    destroy(dryrun);
}
