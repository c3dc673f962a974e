/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "control_renewal.h"

#include "broker/base/clock.h"
#include "control_request.h"

#include "core/renewal/request.h"

#define WAIT_S 30 /* for the disk */

/* Starts the command, or asks whether it is done. */
static enum cg_step run(struct cg_command *command, enum cg_renewal_command which, const cJSON *argument)
{
    struct cg_renewal *renewal = command->ops->renewal;
    cJSON *data = NULL;
    if (!command->ticket) {
        command->ticket = cg_renewal_start(renewal, which, argument, &command->err);
        command->until_ms = cg_clock_monotonic_ms() + WAIT_S * 1000;
        return command->ticket ? CG_STEP_LATER : CG_STEP_DONE;
    }
    if (!cg_renewal_finish(renewal, command->ticket, &data, &command->err)) {
        if (cg_clock_monotonic_ms() < command->until_ms)
            return CG_STEP_LATER;
        cg_renewal_abandon(renewal, command->ticket);
        cg_error_set(&command->err, "the spool did not answer within %d seconds. Repeat the command", WAIT_S);
    }
    command->ticket = 0;
    if (!data && *command->err.text)
        return CG_STEP_DONE;
    cJSON_Delete(command->data);
    command->data = data; /* NULL: out of memory */
    return CG_STEP_DONE;
}

/* The ID that this key of the command has; *out stays NULL if it has none. */
static bool read_id(struct cg_command *command, const char *key, const cJSON **out)
{
    const char *id = NULL;
    if (!cg_control_text(command->request, key, CG_RENEWAL_ID_MAX - 1, &id, &command->err))
        return false;
    if (id && !cg_renewal_id_is_valid(id)) {
        cg_error_set(&command->err, "%s: expected 64 hex digits in lower case", key);
        return false;
    }
    *out = id ? cJSON_GetObjectItemCaseSensitive(command->request, key) : NULL;
    return true;
}

enum cg_step cg_control_list_requests(struct cg_command *command)
{
    const cJSON *after = NULL;
    return read_id(command, "after", &after) ? run(command, CG_RENEWAL_LIST, after) : CG_STEP_DONE;
}

/* An answer with a certificate and one that refuses have their own commands, so that a mistake is an error. */
static enum cg_step put_answer(struct cg_command *command, const char *member, const char *other)
{
    const cJSON *answer = cJSON_GetObjectItemCaseSensitive(command->request, "answer");
    if (cJSON_GetObjectItemCaseSensitive(answer, member) && !cJSON_GetObjectItemCaseSensitive(answer, other))
        return run(command, CG_RENEWAL_DELIVER, answer);
    cg_error_set(&command->err, "answer: expected an object with \"id\" and \"%s\", without \"%s\"", member, other);
    return CG_STEP_DONE;
}

enum cg_step cg_control_deliver(struct cg_command *command)
{
    return put_answer(command, "certificate", "refused");
}

enum cg_step cg_control_refuse(struct cg_command *command)
{
    return put_answer(command, "refused", "certificate");
}

enum cg_step cg_control_forget(struct cg_command *command)
{
    const cJSON *id = NULL;
    if (!read_id(command, "id", &id))
        return CG_STEP_DONE;
    if (id)
        return run(command, CG_RENEWAL_FORGET, id);
    cg_error_set(&command->err, "expected \"id\": the ID of a request, which list_requests shows");
    return CG_STEP_DONE;
}

void cg_control_add_renewal(cJSON *status, const struct cg_renewal *renewal)
{
    const struct cg_renewal_numbers numbers = cg_renewal_numbers(renewal);
    const struct {
        const char *name;
        int64_t number;
    } members[] = {
        {"waiting", numbers.waiting},     {"requested", numbers.requested}, {"refused", numbers.refused},
        {"delivered", numbers.delivered}, {"confirmed", numbers.confirmed},
    };
    if (!numbers.on)
        return;
    cJSON *object = cJSON_AddObjectToObject(status, "renewal");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cJSON_AddNumberToObject(object, members[i].name, (double)members[i].number);
    cJSON_AddBoolToObject(object, "spool_full", numbers.full);
    cJSON *waiting = cg_renewal_waiting(renewal);
    const char *oldest = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(waiting ? waiting->child : NULL, "received"));
    if (oldest)
        cJSON_AddStringToObject(object, "oldest_waiting", oldest);
    if (!cJSON_AddItemToObject(object, "requests", waiting))
        cJSON_Delete(waiting);
}
