/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "talk.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/base/datetime.h"
#include "core/base/text.h"
#include "core/cert/name.h"

#include <openssl/err.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ID_SUFFIX  "~renew"
#define NUMBER_MAX 9    /* digits */
#define PAUSE_MS   1100 /* the plugin answers one question a second */
#define TRIES      4    /* of a question that the plugin was too busy to answer */

struct cg_talk {
    struct cg_connection *connection;
    struct cg_mqtt_target target;
    char id[160];
    /* the open question */
    char part[24]; /* "chain/1"; "": not one of these */
    bool asks_due;
    const EVP_PKEY *key; /* of a request */
    bool is_open;
    struct cg_device_answer answer;
};

void cg_device_answer_clear(struct cg_device_answer *answer)
{
    X509_free(answer->leaf);
    free(answer->data);
    memset(answer, 0, sizeof *answer);
}

/* ---- payloads */

/* Consumes a decimal number and one blank after it. */
static bool take_number(const char **at, int64_t *number)
{
    const size_t len = strspn(*at, "0123456789");
    if (!len || len > NUMBER_MAX || ((*at)[len] && (*at)[len] != ' '))
        return false;
    *number = strtol(*at, NULL, 10);
    *at += len + ((*at)[len] == ' ');
    return true;
}

static bool read_due(const char *text, struct cg_device_answer *answer)
{
    int64_t anchors = 0;
    if (!take_number(&text, &answer->seconds) || !take_number(&text, &anchors) || *text)
        return false;
    answer->anchors = (unsigned)anchors;
    return true;
}

/* A broker cannot postpone the next question for years. */
static bool read_wait(const char *text, struct cg_device_answer *answer)
{
    if (!take_number(&text, &answer->seconds))
        return false;
    if (answer->seconds < CG_RENEW_SECONDS_LEAST)
        answer->seconds = CG_RENEW_SECONDS_LEAST;
    if (answer->seconds > CG_RENEW_SECONDS_MOST)
        answer->seconds = CG_RENEW_SECONDS_MOST;
    if (cg_renewal_id_is_valid(text))
        snprintf(answer->id, sizeof answer->id, "%s", text);
    return true;
}

static bool read_refusal(const char *text, struct cg_device_answer *answer)
{
    const size_t len = strcspn(text, " ");
    cg_text_escape(text, len, answer->code, sizeof answer->code);
    cg_text_escape(text + len + (text[len] == ' '), strlen(text + len + (text[len] == ' ')), answer->sentence,
                   sizeof answer->sentence);
    return len;
}

static bool read_leaf(const struct cg_talk *talk, const unsigned char *data, size_t len,
                      struct cg_device_answer *answer)
{
    const unsigned char *at = data;
    answer->leaf = len <= CG_RENEW_REQUEST_MAX ? d2i_X509(NULL, &at, (long)len) : NULL;
    const EVP_PKEY *key = answer->leaf ? X509_get0_pubkey(answer->leaf) : NULL;
    const bool ok = key && at == data + len && EVP_PKEY_eq(key, talk->key) == 1;
    ERR_clear_error();
    return ok;
}

static bool read_part(const unsigned char *data, size_t len, struct cg_device_answer *answer)
{
    if (len > CG_STATEMENT_MAX || !(answer->data = malloc(len + 1)))
        return false;
    if (len)
        memcpy(answer->data, data, len);
    answer->len = len;
    return true;
}

/* ---- messages */

static const struct {
    const char *name;
    enum cg_reply reply;
    bool (*read)(const char *text, struct cg_device_answer *answer);
} texts[] = {
    {CG_ANSWER_DUE, CG_REPLY_DUE, read_due},
    {CG_ANSWER_BUSY, CG_REPLY_BUSY, read_wait},
    {CG_ANSWER_PENDING, CG_REPLY_PENDING, read_wait},
    {CG_ANSWER_REFUSED, CG_REPLY_REFUSED, read_refusal},
};

/* Any question may be answered "busy". */
static bool expects(const struct cg_talk *talk, enum cg_reply reply)
{
    return reply == CG_REPLY_BUSY || (reply == CG_REPLY_DUE ? talk->asks_due : talk->key != NULL);
}

static enum cg_reply read_text(const struct cg_talk *talk, const char *name, const void *data, size_t len,
                               struct cg_device_answer *answer)
{
    char text[400];
    if (len >= sizeof text || (len && memchr(data, 0, len)))
        return CG_REPLY_NONE;
    snprintf(text, sizeof text, "%.*s", (int)len, len ? (const char *)data : "");
    for (size_t i = 0; i < CG_COUNT(texts); i++)
        if (strcmp(name, texts[i].name) == 0 && expects(talk, texts[i].reply) && texts[i].read(text, answer))
            return texts[i].reply;
    return CG_REPLY_NONE;
}

static enum cg_reply read_answer(const struct cg_talk *talk, const char *name, const void *data, size_t len,
                                 struct cg_device_answer *answer)
{
    if (talk->key && strcmp(name, CG_ANSWER_ISSUED) == 0)
        return read_leaf(talk, data, len, answer) ? CG_REPLY_ISSUED : CG_REPLY_NONE;
    if (*talk->part && strcmp(name, talk->part) == 0)
        return read_part(data, len, answer) ? CG_REPLY_PART : CG_REPLY_NONE;
    return read_text(talk, name, data, len, answer);
}

static void on_message(void *self, const char *topic, const void *data, size_t len)
{
    struct cg_talk *talk = self;
    const size_t prefix = strlen(CG_RENEW_TOPIC "/");
    struct cg_device_answer answer = {0};
    if (!talk->is_open || talk->answer.reply || strncmp(topic, CG_RENEW_TOPIC "/", prefix) != 0)
        return;
    answer.reply = read_answer(talk, topic + prefix, data, len, &answer);
    if (answer.reply)
        talk->answer = answer;
    else
        cg_device_answer_clear(&answer);
}

static bool is_answered(const void *self)
{
    const struct cg_talk *talk = self;
    return talk->answer.reply;
}

/* ---- the connection */

/* True if the name can be an MQTT client id that no ACL pattern or log misreads. */
static void choose_id(struct cg_talk *talk, const X509 *cert)
{
    char name[128] = "";
    if (!talk->target.id && cg_common_name(X509_get_subject_name(cert), name, sizeof name) && !strpbrk(name, "+#/")) {
        snprintf(talk->id, sizeof talk->id, "%s" ID_SUFFIX, name);
        talk->target.id = talk->id;
    }
}

struct cg_talk *cg_talk_open(const struct cg_mqtt_target *target, const struct cg_tls_objects *objects,
                             struct cg_error *err)
{
    struct cg_talk *talk = calloc(1, sizeof *talk);
    const struct cg_connection_reader reader = {on_message, is_answered, talk};
    if (!talk) {
        cg_fail_memory(err);
        return NULL;
    }
    talk->target = *target;
    choose_id(talk, objects->cert);
    if ((talk->connection = cg_connection_open(&talk->target, objects, &reader, err)))
        return talk;
    free(talk);
    return NULL;
}

void cg_talk_close(struct cg_talk *talk)
{
    if (talk)
        cg_connection_close(talk->connection);
    free(talk);
}

X509 *cg_talk_anchor(const struct cg_talk *talk)
{
    return cg_connection_anchor(talk->connection);
}

/* ---- questions */

static bool ask(struct cg_talk *talk, const void *data, size_t len, struct cg_device_answer *answer,
                struct cg_error *err)
{
    cg_device_answer_clear(answer);
    talk->is_open = true;
    const enum cg_asked asked = cg_connection_ask(talk->connection, CG_RENEW_TOPIC, data, len, err);
    talk->is_open = false;
    *answer = talk->answer;
    talk->answer = (struct cg_device_answer){0};
    return asked != CG_ASKED_FAILED;
}

static bool ask_patiently(struct cg_talk *talk, const char *question, struct cg_device_answer *answer,
                          struct cg_error *err)
{
    const struct timespec pause = cg_timespec(PAUSE_MS);
    bool ok = ask(talk, question, strlen(question), answer, err);
    for (int i = 1; ok && answer->reply == CG_REPLY_BUSY && i < TRIES; i++) {
        nanosleep(&pause, NULL);
        ok = ask(talk, question, strlen(question), answer, err);
    }
    return ok;
}

bool cg_talk_due(struct cg_talk *talk, struct cg_device_answer *answer, struct cg_error *err)
{
    talk->asks_due = true;
    const bool ok = ask_patiently(talk, "", answer, err);
    talk->asks_due = false;
    return ok;
}

bool cg_talk_part(struct cg_talk *talk, const char *name, unsigned number, struct cg_device_answer *answer,
                  struct cg_error *err)
{
    char question[24];
    snprintf(question, sizeof question, "%s %u", name, number);
    snprintf(talk->part, sizeof talk->part, "%s/%u", name, number);
    const bool ok = ask_patiently(talk, question, answer, err);
    talk->part[0] = '\0';
    return ok;
}

bool cg_talk_request(struct cg_talk *talk, const unsigned char *request, size_t len, const EVP_PKEY *key,
                     struct cg_device_answer *answer, struct cg_error *err)
{
    talk->key = key;
    const bool ok = ask(talk, request, len, answer, err);
    talk->key = NULL;
    return ok;
}
