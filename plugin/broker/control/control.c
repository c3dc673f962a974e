/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "control.h"

#include "broker/base/clock.h"
#include "broker/session/recheck.h"
#include "broker/session/session.h"
#include "control_commands.h"
#include "control_dryrun.h"
#include "control_request.h"

#include "core/cert/name.h"
#include "core/path/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS 5
#define WAIT_MS  10 /* until a waiting command runs again */
#define JOBS_MAX 16

struct job {
    struct job *next;
    const struct cg_conn *conn; /* NULL: it ended or lost its right; no answer is sent */
    char *client_id;
    cJSON *commands;  /* not done yet; the first one may have started */
    cJSON *responses; /* of the commands that are done */
    unsigned used;    /* the rights that they needed: cg_right */
    struct cg_command command;
};

struct cg_control {
    struct cg_control_ops ops;
    bool reload; /* requested, and not taken yet */
    struct job *first, **end;
    size_t count;
};

struct cg_control *cg_control_new(const struct cg_control_ops *ops)
{
    struct cg_control *control = calloc(1, sizeof *control);
    if (!control)
        return NULL;
    control->ops = *ops;
    control->end = &control->first;
    return control;
}

static void job_free(struct cg_control *control, struct job *job)
{
    if (!job)
        return;
    cg_renewal_abandon(control->ops.renewal, job->command.ticket);
    cg_dryrun_free(job->command.dryrun);
    cJSON_Delete(job->command.data);
    cJSON_Delete(job->commands);
    cJSON_Delete(job->responses);
    free(job->client_id);
    free(job);
}

/* at: the link to the job, which then leads to the next one. */
static void drop(struct cg_control *control, struct job **at)
{
    struct job *job = *at;
    *at = job->next;
    if (!*at)
        control->end = at;
    control->count--;
    job_free(control, job);
}

void cg_control_free(struct cg_control *control)
{
    if (!control)
        return;
    while (control->first)
        drop(control, &control->first);
    free(control);
}

/* The reason why this connection cannot send requests, whatever its certificate; NULL: it can. */
static const char *unsuitable(const struct cg_conn *conn)
{
    const struct cg_claim *claim = conn ? conn->session->claim : NULL;
    if (!claim || !conn->peer_leaf || conn->state != CG_CONN_ESTABLISHED || conn->role != CG_ROLE_LISTENER ||
        conn->session->ending)
        return "Control requests require TLS and a client certificate";
    return claim->websocket ? "Control requests over websockets are not accepted" : NULL;
}

/* 0 and the reason in why: the certificate is in none of the lists. */
static unsigned listed_rights(const struct cg_snapshot *current, const struct cg_conn *conn, char *why, size_t size)
{
    const struct cg_policy *policy = current->policy;
    const struct cg_identity_policy *identity = &cg_policy_listener(policy, conn->listener)->identity;
    char sha256[CG_HEX_MAX] = "";
    bool fault = false; /* not found in that case */
    unsigned rights = cg_identity_in(&policy->admin, conn->peer_leaf, identity, &fault) ? CG_RIGHT_ADMIN : 0;
    if (cg_identity_in(&policy->renewal.signers, conn->peer_leaf, identity, &fault))
        rights |= CG_RIGHT_SIGNER;
    if (rights)
        return rights;
    cg_sha256_text(conn->peer_leaf, sha256);
    snprintf(why, size, "The certificate is not in \"admin\"%s of the policy; its SHA-256 is %s",
             policy->renewal.spool ? " or \"renewal.signers\"" : "", sha256);
    return 0;
}

/* Audited rules count too. */
static bool passes_every_rule(const struct cg_snapshot *current, const struct cg_conn *conn, char *why, size_t size)
{
    struct cg_verdict verdict;
    cg_recheck_conn(current, conn, cg_clock_wall_ms() / 1000, &verdict);
    bool ok = verdict.decision == CG_ACCEPT && verdict.nfindings == 0;
    if (!ok)
        snprintf(why, size, "The certificate is no longer accepted: %.140s",
                 verdict.nfindings ? verdict.findings[0].detail : verdict.detail);
    cg_verdict_clear(&verdict);
    return ok;
}

/* The rights of the sender; 0 and the reason in why: none. */
static unsigned find_rights(const struct cg_snapshot *current, const struct cg_conn *conn, char *why, size_t size)
{
    const char *fault = unsuitable(conn);
    if (fault)
        snprintf(why, size, "%s", fault);
    const unsigned rights = fault ? 0 : listed_rights(current, conn, why, size);
    return rights && passes_every_rule(current, conn, why, size) ? rights : 0;
}

static void report_denied(const struct cg_control *control, const struct cg_conn *conn, const char *client_id,
                          const char *address, const char *why)
{
    const struct cg_event event = {
        .type = CG_EVENT_CONTROL_DENIED,
        .reason = CG_REASON_NOT_AN_ADMIN,
        .detail = why,
        .conn = conn,
        .certificate = conn ? conn->peer_leaf : NULL,
        .peer = conn ? NULL : address,
        .client_id = client_id,
    };
    cg_reporter_write(control->ops.reporter, &event);
}

static void add_response(struct job *job, const cJSON *request, cJSON *data, const char *error)
{
    cJSON *response = cJSON_CreateObject();
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(request, "command");
    const cJSON *correlation = cJSON_GetObjectItemCaseSensitive(request, "correlationData");
    if (name)
        cJSON_AddStringToObject(response, "command", name->valuestring);
    if (correlation)
        cJSON_AddStringToObject(response, "correlationData", correlation->valuestring);
    if (*error)
        cJSON_AddStringToObject(response, "error", error);
    if (*error || !cJSON_AddItemToObject(response, "data", data))
        cJSON_Delete(data);
    cJSON_AddItemToArray(job->responses, response);
}

enum cg_control_result cg_control_receive(struct cg_control *control, const struct cg_snapshot *current,
                                          const struct cg_control_request *request)
{
    char why[224] = "";
    struct cg_error err = {""};
    if (!find_rights(current, request->conn, why, sizeof why) || !request->client_id) {
        report_denied(control, request->conn, request->client_id, request->address, why);
        return CG_CONTROL_DENIED;
    }
    struct job *job = control->count < JOBS_MAX ? calloc(1, sizeof *job) : NULL;
    if (!job)
        return CG_CONTROL_BUSY;
    job->conn = request->conn;
    job->client_id = strdup(request->client_id);
    job->responses = cJSON_CreateArray();
    if (!job->client_id || !job->responses) {
        job_free(control, job);
        return CG_CONTROL_BUSY;
    }
    job->commands = cg_control_parse(request->payload, request->len, &err);
    if (!job->commands)
        add_response(job, NULL, NULL, *err.text ? err.text : "out of memory");
    *control->end = job;
    control->end = &job->next;
    control->count++;
    return CG_CONTROL_ACCEPTED;
}

/* Runs the first command. True: it is done. */
static bool run_command(struct cg_control *control, struct job *job, const struct cg_control_context *context,
                        unsigned rights)
{
    struct cg_command *command = &job->command;
    if (!command->data && !(command->data = cJSON_CreateObject()))
        return false;
    command->ops = &control->ops;
    command->context = context;
    command->sender = job->conn;
    command->rights = rights;
    command->request = job->commands->child;
    if (cg_command_run(command) == CG_STEP_LATER)
        return false;
    control->reload = control->reload || command->reload;
    const char *error = command->data ? command->err.text : "out of memory";
    add_response(job, command->request, command->data, error);
    cg_dryrun_free(command->dryrun);
    job->used |= command->used;
    memset(command, 0, sizeof *command);
    cJSON_DeleteItemFromArray(job->commands, 0);
    return true;
}

/* Answers are addressed by client id, so they are sent only while the sender certainly owns the id. */
static void answer(const struct cg_control *control, struct job *job)
{
    const struct cg_claim *claim = job->conn->session->claim;
    if (!claim || !cg_client_map_owns(control->ops.clients, claim))
        return;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddItemToObject(document, "responses", job->responses);
    job->responses = NULL;
    char *text = cJSON_PrintUnformatted(document);
    if (text)
        control->ops.publish(claim->client_id, CG_CONTROL_TOPIC "/response", text);
    cJSON_free(text);
    cJSON_Delete(document);
}

/* The sender's rights. It must still have those that the answer depends on. 0: there is no sender any more. */
static unsigned check_sender(const struct cg_control *control, struct job *job, const struct cg_snapshot *current)
{
    char why[224] = "";
    const unsigned rights = job->conn ? find_rights(current, job->conn, why, sizeof why) : 0;
    if (!job->conn || (rights && !(job->used & ~rights)))
        return rights;
    if (rights)
        snprintf(why, sizeof why, "The certificate was removed from a list of the policy that the request requires");
    report_denied(control, job->conn, job->client_id, NULL, why);
    job->conn = NULL;
    return 0;
}

/* One step of a job, which is dropped at its end. False: it must wait. */
static bool step(struct cg_control *control, struct job **at, const struct cg_control_context *context)
{
    struct job *job = *at;
    const unsigned rights = check_sender(control, job, context->snapshot);
    if (rights && job->commands && job->commands->child)
        return run_command(control, job, context, rights);
    if (rights)
        answer(control, job);
    drop(control, at);
    return true;
}

/* A job that waits for the disk does not delay the others. */
int64_t cg_control_poll(struct cg_control *control, const struct cg_control_context *context)
{
    int64_t until = cg_clock_monotonic_ms() + SLICE_MS;
    struct job **at = &control->first;
    while (*at) {
        if (step(control, at, context)) {
            if (cg_clock_monotonic_ms() >= until)
                return 1;
        } else if ((*at)->command.ticket) {
            at = &(*at)->next;
        } else {
            return WAIT_MS;
        }
    }
    return control->first ? WAIT_MS : -1;
}

bool cg_control_take_reload(struct cg_control *control)
{
    bool asked = control->reload;
    control->reload = false;
    return asked;
}

void cg_control_ended(struct cg_control *control, const struct cg_conn *conn)
{
    for (struct job *job = control->first; job; job = job->next)
        if (job->conn == conn)
            job->conn = NULL;
}
