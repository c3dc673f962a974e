/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker, for tests, that answers renewals in place of certguard's plugin as no honest broker does. The only plugin_opt is
 * "folder". A question's answers are the files of FOLDER/QUESTION/ in the order of their names, read each time:
 *
 *   QUESTION  due, request, chain-N or anchor-N; without that folder, chain-any or anchor-any
 *   file      ORDER-KIND: the payload that is published to .../renew/KIND. The kinds "chain" and "anchor" get the number
 *             of the question. No file: no answer
 *
 * FOLDER/question has the last payload that was a request. */
#include "plugin_entry.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC       "$CONTROL/certguard/v1/renew"
#define PAYLOAD_MAX (1 << 20)

static mosquitto_plugin_id_t *identifier;
static const char *folder; /* the broker's, as long as the plugin is loaded */

struct question {
    const char *client;
    char name[24]; /* as QUESTION */
    int number;    /* 0: none */
};

static bool is_numbered(const char *text, const char *kind, struct question *question)
{
    size_t len = strlen(kind);
    if (strncmp(text, kind, len) != 0 || text[len] != ' ')
        return false;
    question->number = (int)strtol(text + len, NULL, 10);
    snprintf(question->name, sizeof question->name, "%s-%d", kind, question->number);
    return true;
}

static struct question question_of(const struct mosquitto_evt_control *control)
{
    char text[16] = "";
    struct question question = {mosquitto_client_id(control->client), "due", 0};
    const char *payload = control->payload;
    snprintf(text, sizeof text, "%.*s", (int)control->payloadlen, payload ? payload : "");
    if (control->payloadlen && !is_numbered(text, "chain", &question) && !is_numbered(text, "anchor", &question))
        snprintf(question.name, sizeof question.name, "request");
    return question;
}

static void keep_request(const struct mosquitto_evt_control *control)
{
    char path[PATH_MAX], part[PATH_MAX];
    snprintf(path, sizeof path, "%s/question", folder);
    snprintf(part, sizeof part, "%s/.question", folder);
    FILE *out = fopen(part, "we");
    if (out && fwrite(control->payload, 1, control->payloadlen, out) == control->payloadlen && fclose(out) == 0)
        rename(part, path);
}

static void answer(const struct question *question, const char *path, const char *kind)
{
    static char payload[PAYLOAD_MAX];
    char topic[sizeof TOPIC + 48];
    FILE *in = fopen(path, "re");
    if (!in)
        return;
    int len = (int)fread(payload, 1, sizeof payload, in);
    fclose(in);
    snprintf(topic, sizeof topic, TOPIC "/%.20s", kind);
    if (strcmp(kind, "chain") == 0 || strcmp(kind, "anchor") == 0)
        snprintf(topic, sizeof topic, TOPIC "/%s/%d", kind, question->number);
    mosquitto_broker_publish_copy(question->client, topic, len, payload, 0, false, NULL);
}

static bool answer_from(const struct question *question, const char *name)
{
    char path[PATH_MAX];
    struct dirent **file = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int count = scandir(path, &file, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *kind = strchr(file[i]->d_name, '-');
        snprintf(path, sizeof path, "%s/%s/%.64s", folder, name, file[i]->d_name);
        if (kind)
            answer(question, path, kind + 1);
        free(file[i]);
    }
    free(file);
    return count >= 0;
}

static int on_control(int event, void *event_data, void *unused)
{
    (void)event, (void)unused;
    const struct mosquitto_evt_control *control = event_data;
    struct question question = question_of(control);
    if (strcmp(question.name, "request") == 0)
        keep_request(control);
    if (!answer_from(&question, question.name) && question.number)
        (void)answer_from(&question, *question.name == 'c' ? "chain-any" : "anchor-any");
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **data, struct mosquitto_opt *options, int count)
{
    *data = NULL;
    identifier = id;
    if (count != 1 || strcmp(options->key, "folder") != 0)
        return MOSQ_ERR_INVAL;
    folder = options->value;
    return mosquitto_callback_register(id, MOSQ_EVT_CONTROL, on_control, TOPIC, NULL);
}

int mosquitto_plugin_cleanup(void *data, struct mosquitto_opt *options, int count)
{
    (void)data, (void)options, (void)count;
    return mosquitto_callback_unregister(identifier, MOSQ_EVT_CONTROL, on_control, TOPIC);
}
