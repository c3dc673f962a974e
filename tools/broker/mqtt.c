/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "mqtt.h"

#include "base/failure.h"
#include "core/cert/name.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

#define TOPIC       "$CONTROL/certguard/v1"
#define ANSWER_MAX  (16 << 20) /* a page of a hundred sessions is a tenth of a megabyte */
#define REQUEST_MAX (64 << 10) /* the plugin answers longer ones without correlationData */
#define TOKEN_BYTES 16

struct cg_mqtt {
    struct cg_connection *connection;
    char token[2 * TOKEN_BYTES + 1]; /* correlationData of the open request; "": none */
    cJSON *answer;
};

/* Mosquitto 2.0.11 publishes any client's will on this topic. Only the plugin has read the token. */
static bool is_ours(const struct cg_mqtt *mqtt, const cJSON *response)
{
    const char *token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(response, "correlationData"));
    return *mqtt->token && token && strcmp(token, mqtt->token) == 0;
}

/* Ignores messages that do not answer the open request. */
static void on_message(void *self, const char *topic, const void *data, size_t len)
{
    struct cg_mqtt *mqtt = self;
    (void)topic;
    if (!len || len > ANSWER_MAX)
        return;
    cJSON *document = cJSON_ParseWithLength(data, len);
    cJSON *responses = cJSON_GetObjectItemCaseSensitive(document, "responses");
    if (is_ours(mqtt, cJSON_GetArrayItem(responses, 0))) {
        mqtt->answer = cJSON_DetachItemFromArray(responses, 0);
        mqtt->token[0] = '\0';
    }
    cJSON_Delete(document);
}

static bool is_answered(const void *self)
{
    const struct cg_mqtt *mqtt = self;
    return mqtt->answer;
}

static bool new_token(char token[2 * TOKEN_BYTES + 1])
{
    unsigned char random[TOKEN_BYTES];
    return RAND_bytes(random, sizeof random) == 1 &&
           OPENSSL_buf2hexstr_ex(token, 2 * TOKEN_BYTES + 1, NULL, random, sizeof random, '\0') == 1;
}

struct cg_mqtt *cg_mqtt_open(const struct cg_mqtt_target *target, struct cg_error *err)
{
    struct cg_mqtt *mqtt = calloc(1, sizeof *mqtt);
    const struct cg_connection_reader reader = {on_message, is_answered, mqtt};
    if (!mqtt)
        cg_fail_memory(err);
    else if ((mqtt->connection = cg_connection_open(target, NULL, &reader, err)))
        return mqtt;
    free(mqtt);
    return NULL;
}

void cg_mqtt_close(struct cg_mqtt *mqtt)
{
    cg_connection_close(mqtt->connection);
    cJSON_Delete(mqtt->answer);
    free(mqtt);
}

/* The plugin does not answer clients that are not administrators; newer brokers add a reason code. */
static void explain_no_answer(const struct cg_mqtt *mqtt, enum cg_asked asked, struct cg_error *err)
{
    char sha256[CG_HEX_MAX] = "";
    const X509 *own = cg_connection_own(mqtt->connection);
    if (own)
        cg_sha256_text(own, sha256);
    if (asked == CG_ASKED_BUSY)
        cg_error_set(err, "the broker is busy with other requests. Try again");
    else
        cg_error_set(
            err,
            "%s: its policy does not name this certificate in \"admin\" (for requests of devices: in \"signers\" of "
            "\"renewal\"), by \"identity\" (its user name) or, until its renewal, as [{\"sha256\": \"%s\"}], an ACL "
            "does "
            "not allow writing to %s, or certguard is not loaded there. For the reason, run `certguard log --event "
            "control_denied` on its event log",
            asked == CG_ASKED_REFUSED ? "the broker refused the request" : "the broker gave no answer", sha256, TOPIC);
}

/* Takes the command. NULL: out of memory. */
static char *question_text(cJSON *command, const char *token)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(command, "correlationData", token);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(document, "commands"), command);
    char *text = cJSON_PrintUnformatted(document);
    cJSON_Delete(document);
    return text;
}

static enum cg_asked send_question(struct cg_mqtt *mqtt, cJSON *command, struct cg_error *err)
{
    bool ok = new_token(mqtt->token);
    char *text = question_text(command, mqtt->token);
    size_t len = text ? strlen(text) : 0;
    enum cg_asked asked = CG_ASKED_FAILED;
    if (!ok)
        cg_error_set(err, "cannot make a random token");
    else if (!text)
        cg_fail_memory(err);
    else if (len > REQUEST_MAX)
        cg_error_set(err, "cannot send the request: it has %zu bytes, and the plugin accepts at most %d", len,
                     REQUEST_MAX);
    else
        asked = cg_connection_ask(mqtt->connection, TOPIC, text, len, err);
    cJSON_free(text);
    return asked;
}

cJSON *cg_mqtt_ask(struct cg_mqtt *mqtt, cJSON *command, struct cg_error *err)
{
    *err = (struct cg_error){""};
    const enum cg_asked asked = send_question(mqtt, command, err);
    cJSON *answer = mqtt->answer;
    mqtt->answer = NULL;
    cJSON *data = cJSON_DetachItemFromObjectCaseSensitive(answer, "data");
    const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "error"));
    if (!data && error)
        cg_error_set(err, "%s", error);
    else if (!data && answer)
        cg_error_set(err, "the broker's answer has neither data nor error");
    else if (!data && asked != CG_ASKED_FAILED)
        explain_no_answer(mqtt, asked, err);
    cJSON_Delete(answer);
    return data;
}
