/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "control_commands.h"

#include "broker/base/clock.h"
#include "broker/session/session.h"
#include "control_renewal.h"
#include "control_request.h"
#include "control_session.h"
#include "control_status.h"

#include "core/cert/name.h"
#include "tls/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 50
#define PAGE_MAX     100
#define ID_MAX       65535 /* MQTT's limit on a client id */

static int64_t now(void)
{
    return cg_clock_wall_ms() / 1000;
}

/* Waits for a count of sessions that started after the request. */
static enum cg_step status(struct cg_command *command)
{
    const struct cg_control_ops *ops = command->ops;
    const struct cg_control_context *context = command->context;
    if (!command->started)
        command->count_number = cg_sysinfo_recount(ops->sysinfo);
    if (cg_sysinfo_counted(ops->sysinfo) < command->count_number)
        return CG_STEP_LATER;
    cJSON_Delete(command->data);
    command->data = cg_control_status(cg_reporter_counters(ops->reporter), cg_sysinfo_population(ops->sysinfo),
                                      context->snapshot, context->kept, now());
    cg_control_add_renewal(command->data, ops->renewal);
    return CG_STEP_DONE;
}

static enum cg_step list_sessions(struct cg_command *command)
{
    size_t offset = 0, count = PAGE_DEFAULT, index = 0;
    if (!cg_control_number(command->request, "offset", SIZE_MAX >> 12, &offset, &command->err) ||
        !cg_control_number(command->request, "count", PAGE_MAX, &count, &command->err))
        return CG_STEP_DONE;
    cJSON *list = cJSON_AddArrayToObject(command->data, "sessions");
    for (const struct cg_conn *conn = cg_hook_first(); conn; conn = conn->next) {
        if (!cg_control_is_session(conn))
            continue;
        if (index >= offset && index - offset < count)
            cJSON_AddItemToArray(list, cg_control_session(conn, now()));
        index++;
    }
    cJSON_AddNumberToObject(command->data, "total", (double)index);
    cJSON_AddNumberToObject(command->data, "offset", (double)offset);
    return CG_STEP_DONE;
}

/* The session with this "conn" or "client_id"; NULL and the error. */
static struct cg_conn *find(struct cg_command *command)
{
    const struct cg_client_map *clients = command->ops->clients;
    const char *id = NULL, *client_id = NULL;
    if (!cg_control_text(command->request, "conn", ID_MAX, &id, &command->err) ||
        !cg_control_text(command->request, "client_id", ID_MAX, &client_id, &command->err))
        return NULL;
    if (!id == !client_id) {
        cg_error_set(&command->err, "expected either \"client_id\" or \"conn\"; list_sessions shows both");
        return NULL;
    }
    struct cg_conn *found = NULL;
    int count = 0;
    for (struct cg_conn *conn = cg_hook_first(); conn; conn = conn->next) {
        char its_id[CG_CONN_ID_MAX];
        cg_conn_id(conn, its_id);
        const char *its_client_id = conn->session->client_id ? conn->session->client_id : "";
        if (!cg_control_is_session(conn) || strcmp(id ? its_id : its_client_id, id ? id : client_id) != 0)
            continue;
        count++;
        if (!found || (conn->session->claim && cg_client_map_owns(clients, conn->session->claim)))
            found = conn;
    }
    /* during a takeover, or before the broker has accepted a client */
    if (count > 1 && !(found->session->claim && cg_client_map_owns(clients, found->session->claim))) {
        cg_error_set(&command->err,
                     "%d connections use this client_id; select one by its \"conn\", which list_sessions shows", count);
        return NULL;
    }
    if (found)
        return found;
    cg_error_set(&command->err, "no live session has this %s; list_sessions shows all sessions",
                 id ? "conn" : "client_id");
    return NULL;
}

static enum cg_step explain_session(struct cg_command *command)
{
    const struct cg_conn *conn = find(command);
    if (!conn)
        return CG_STEP_DONE;
    cJSON_Delete(command->data);
    command->data = cg_control_explain(conn, command->context->snapshot, now());
    return CG_STEP_DONE;
}

/* The thread that watches the files does the work. Events and "status" show the result. */
static enum cg_step reload(struct cg_command *command)
{
    command->reload = true;
    cJSON_AddNumberToObject(command->data, "snapshot", (double)command->context->snapshot->number);
    return CG_STEP_DONE;
}

static enum cg_step end_session(struct cg_command *command)
{
    char name[100] = "", detail[160], id[CG_CONN_ID_MAX];
    struct cg_conn *conn = find(command);
    if (!conn)
        return CG_STEP_DONE;
    cg_conn_id(conn, id);
    cg_name_text(X509_get_subject_name(command->sender->peer_leaf), name, sizeof name);
    snprintf(detail, sizeof detail, "Ended by administrator %s", name);
    cJSON_AddStringToObject(command->data, "conn", id);
    cg_enforcement_mark(command->ops->enforcement, conn, command->context->snapshot, detail);
    return CG_STEP_DONE;
}

static enum cg_step check_policy(struct cg_command *command)
{
    const cJSON *policy = cJSON_GetObjectItemCaseSensitive(command->request, "policy");
    if (!command->started) {
        char *printed = cJSON_IsObject(policy) ? cJSON_PrintUnformatted(policy) : NULL;
        const char *text = cJSON_IsString(policy) ? policy->valuestring : printed;
        if (text)
            command->dryrun = cg_dryrun_start(text, cg_hook_first(), command->context->snapshot, now());
        cJSON_free(printed);
        if (!text)
            cg_error_set(&command->err, "expected \"policy\": the policy as an object or as text");
        else if (!command->dryrun)
            cg_error_set(&command->err, "out of memory");
        return command->dryrun ? CG_STEP_LATER : CG_STEP_DONE;
    }
    if (!cg_dryrun_is_done(command->dryrun))
        return CG_STEP_LATER;
    cg_dryrun_answer(command->dryrun, command->data, &command->err);
    return CG_STEP_DONE;
}

static const char *const no_keys[] = {NULL};
static const char *const page_keys[] = {"offset", "count", NULL};
static const char *const session_keys[] = {"client_id", "conn", NULL};
static const char *const policy_keys[] = {"policy", NULL};
static const char *const after_keys[] = {"after", NULL};
static const char *const answer_keys[] = {"answer", NULL};
static const char *const id_keys[] = {"id", NULL};

static const struct row {
    const char *name;
    const char *const *keys;
    enum cg_step (*run)(struct cg_command *command);
    enum cg_right right;
} rows[] = {
    {"status", no_keys, status, CG_RIGHT_ADMIN},
    {"list_sessions", page_keys, list_sessions, CG_RIGHT_ADMIN},
    {"explain_session", session_keys, explain_session, CG_RIGHT_ADMIN},
    {"reload", no_keys, reload, CG_RIGHT_ADMIN},
    {"end_session", session_keys, end_session, CG_RIGHT_ADMIN},
    {"check_policy", policy_keys, check_policy, CG_RIGHT_ADMIN},
    {"list_requests", after_keys, cg_control_list_requests, CG_RIGHT_SIGNER},
    {"deliver", answer_keys, cg_control_deliver, CG_RIGHT_SIGNER},
    {"refuse", answer_keys, cg_control_refuse, CG_RIGHT_SIGNER},
    {"forget", id_keys, cg_control_forget, CG_RIGHT_SIGNER},
};

static enum cg_step run(struct cg_command *command, const struct row *row)
{
    if (!(command->rights & row->right)) {
        cg_error_set(&command->err, "this command requires an entry in \"%s\" of the policy",
                     row->right == CG_RIGHT_ADMIN ? "admin" : "renewal.signers");
        return CG_STEP_DONE;
    }
    command->used = row->right;
    if (!cg_control_keys(command->request, row->keys, &command->err))
        return CG_STEP_DONE;
    enum cg_step step = row->run(command);
    command->started = true;
    return step;
}

enum cg_step cg_command_run(struct cg_command *command)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(command->request, "command");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name->valuestring) == 0)
            return run(command, &rows[i]);
    cg_error_set(&command->err, "unknown command; expected status, list_sessions, explain_session, reload, "
                                "end_session, check_policy, list_requests, deliver, refuse or forget");
    return CG_STEP_DONE;
}
