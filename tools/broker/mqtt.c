/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "mqtt.h"

#include "base/clock.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "tls_client.h"
#include "tls_probe.h"

#include <mosquitto.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2001000 /* mosquitto.h of 2.1 has it */
#include <mqtt_protocol.h>
#endif

#define TOPIC          "$CONTROL/certguard/v1"
#define KEEPALIVE      60
#define ANSWER_MAX     (16 << 20) /* a page of a hundred sessions is a tenth of a megabyte */
#define REQUEST_MAX    (64 << 10) /* the plugin answers longer ones without correlationData */
#define TOKEN_BYTES    16
#define LISTEN_MS      3000
#define CONNECT_DENIED 0x80 /* the first reason code of an error */

struct cg_mqtt {
    const struct cg_mqtt_target *target;
    struct cg_tls_client tls;
    struct mosquitto *mosquitto;
    char host[256], port[8];
    bool connected, is_over;         /* CONNACK received; the connection has ended */
    int connack, puback;             /* reason codes; puback of the open request */
    int ended;                       /* reason code of the broker's DISCONNECT */
    char token[2 * TOKEN_BYTES + 1]; /* correlationData of the open request; "": none */
    cJSON *answer;
};

static void on_connect(struct mosquitto *m, void *self, int code, int flags, const mosquitto_property *properties)
{
    struct cg_mqtt *mqtt = self;
    (void)m, (void)flags, (void)properties;
    mqtt->connack = code;
    mqtt->connected = true;
}

static void on_disconnect(struct mosquitto *m, void *self, int code, const mosquitto_property *properties)
{
    struct cg_mqtt *mqtt = self;
    (void)m, (void)properties;
    mqtt->is_over = true;
    mqtt->ended = code;
}

static void on_publish(struct mosquitto *m, void *self, int mid, int code, const mosquitto_property *properties)
{
    struct cg_mqtt *mqtt = self;
    (void)m, (void)mid, (void)properties;
    mqtt->puback = code;
}

/* Mosquitto 2.0.11 publishes any client's will on this topic. Only the plugin has read the token. */
static bool is_ours(const struct cg_mqtt *mqtt, const cJSON *response)
{
    const char *token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(response, "correlationData"));
    return *mqtt->token && token && strcmp(token, mqtt->token) == 0;
}

/* Ignores messages that do not answer the open request; the plugin retains none. */
static void on_message(struct mosquitto *m, void *self, const struct mosquitto_message *message,
                       const mosquitto_property *properties)
{
    struct cg_mqtt *mqtt = self;
    (void)m, (void)properties;
    if (message->retain || message->payloadlen <= 0 || message->payloadlen > ANSWER_MAX)
        return;
    cJSON *document = cJSON_ParseWithLength(message->payload, (size_t)message->payloadlen);
    cJSON *responses = cJSON_GetObjectItemCaseSensitive(document, "responses");
    if (is_ours(mqtt, cJSON_GetArrayItem(responses, 0))) {
        mqtt->answer = cJSON_DetachItemFromArray(responses, 0);
        mqtt->token[0] = '\0';
    }
    cJSON_Delete(document);
}

/* 0: none. */
static int port_of(const struct cg_mqtt *mqtt)
{
    char *end = NULL;
    long port = strtol(mqtt->port, &end, 10);
    return *end || port < 1 || port > 65535 ? 0 : (int)port;
}

static void ignore(int signal)
{
    (void)signal;
}

/* libmosquitto's connect(2) has no timeout: a timer without SA_RESTART interrupts it. */
static int connect_within(struct cg_mqtt *mqtt)
{
    const struct sigaction act = {.sa_handler = ignore};
    struct sigaction before;
    const int64_t ms = mqtt->target->timeout_ms;
    const struct itimerval timer = {{1, 0}, {(int)(ms / 1000), (int)(ms % 1000) * 1000}}, none = {0};
    sigaction(SIGALRM, &act, &before);
    setitimer(ITIMER_REAL, &timer, NULL);
    int code = mosquitto_connect_bind_v5(mqtt->mosquitto, mqtt->host, port_of(mqtt), KEEPALIVE, NULL, NULL);
    int kept = errno;
    setitimer(ITIMER_REAL, &none, NULL);
    sigaction(SIGALRM, &before, NULL);
    errno = kept == EINTR ? ETIMEDOUT : kept;
    return code;
}

/* libmosquitto closes the connection after the first failed write, before it reads the broker's alert: a second handshake
 * reads it. */
static bool handshake_failed(struct cg_mqtt *mqtt, struct cg_error *err)
{
    if (!mqtt->connected && !*mqtt->tls.alert && !mqtt->tls.verify_error)
        cg_tls_probe_listen(mqtt->tls.context, mqtt->host, mqtt->port,
                            mqtt->target->timeout_ms < LISTEN_MS ? mqtt->target->timeout_ms : LISTEN_MS);
    return cg_tls_client_fault(&mqtt->tls, mqtt->host, err);
}

/* Sets the reason for which the connection ended. Always false. */
static bool explain_end(struct cg_mqtt *mqtt, int code, struct cg_error *err)
{
    if (handshake_failed(mqtt, err))
        return false;
    if (mqtt->ended >= CONNECT_DENIED)
        return cg_fail_text(err, "the broker ended the session: %s", mosquitto_reason_string(mqtt->ended));
    return cg_fail_text(
        err,
        "the connection ended: %s. Check that this is a TLS listener. For more, run `certguard log --explain` on "
        "the broker's event log",
        mosquitto_strerror(code == MOSQ_ERR_SUCCESS ? MOSQ_ERR_CONN_LOST : code));
}

/* Runs the connection until arrived() is true. False: it ended (with an error), or the time is up (no error). */
static bool run_until(struct cg_mqtt *mqtt, bool (*arrived)(const struct cg_mqtt *), struct cg_error *err)
{
    const int64_t until = cg_monotonic_ms() + mqtt->target->timeout_ms;
    while (!arrived(mqtt)) {
        int64_t left = until - cg_monotonic_ms();
        if (left <= 0)
            return false;
        int code = mqtt->is_over ? MOSQ_ERR_CONN_LOST
                                 : mosquitto_loop(mqtt->mosquitto, left > 1000 ? 1000 : (int)left, 1);
        if (code != MOSQ_ERR_SUCCESS && !arrived(mqtt))
            return explain_end(mqtt, code, err);
    }
    return true;
}

static bool is_connected(const struct cg_mqtt *mqtt)
{
    return mqtt->connected;
}

static bool is_answered(const struct cg_mqtt *mqtt)
{
    return mqtt->answer || mqtt->puback >= CONNECT_DENIED;
}

static bool new_token(char token[2 * TOKEN_BYTES + 1])
{
    unsigned char random[TOKEN_BYTES];
    return RAND_bytes(random, sizeof random) == 1 &&
           OPENSSL_buf2hexstr_ex(token, 2 * TOKEN_BYTES + 1, NULL, random, sizeof random, '\0') == 1;
}

static bool set_up(struct cg_mqtt *mqtt, struct cg_error *err)
{
    const struct cg_mqtt_target *target = mqtt->target;
    char token[2 * TOKEN_BYTES + 1] = "", id[40];
    if (!cg_tls_probe_split(target->host_port, mqtt->host, mqtt->port) || !port_of(mqtt))
        return cg_fail_text(err, "\"%s\": expected HOST:PORT", target->host_port);
    if (!cg_tls_client_init(&mqtt->tls, target->ca, target->cert, target->key, mqtt->host, err))
        return false;
    new_token(token);
    snprintf(id, sizeof id, "certguard-%.8s", token);
    mqtt->mosquitto = mosquitto_new(target->id ? target->id : id, true, mqtt);
    if (!mqtt->mosquitto ||
        mosquitto_int_option(mqtt->mosquitto, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) != MOSQ_ERR_SUCCESS ||
        mosquitto_int_option(mqtt->mosquitto, MOSQ_OPT_TCP_NODELAY, 1) != MOSQ_ERR_SUCCESS ||
        mosquitto_void_option(mqtt->mosquitto, MOSQ_OPT_SSL_CTX, mqtt->tls.context) != MOSQ_ERR_SUCCESS ||
        mosquitto_int_option(mqtt->mosquitto, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) != MOSQ_ERR_SUCCESS ||
        (target->username &&
         mosquitto_username_pw_set(mqtt->mosquitto, target->username, target->password) != MOSQ_ERR_SUCCESS))
        return cg_fail_memory(err);
    mosquitto_connect_v5_callback_set(mqtt->mosquitto, on_connect);
    mosquitto_disconnect_v5_callback_set(mqtt->mosquitto, on_disconnect);
    mosquitto_publish_v5_callback_set(mqtt->mosquitto, on_publish);
    mosquitto_message_v5_callback_set(mqtt->mosquitto, on_message);
    return true;
}

/* An error on an open connection: libmosquitto returns EPROTO for errors of TLS. */
static bool is_late(int error)
{
    return error == EPROTO || error == EPIPE || error == ECONNRESET;
}

static bool log_in(struct cg_mqtt *mqtt, struct cg_error *err)
{
    int code = connect_within(mqtt);
    bool reached = code != MOSQ_ERR_EAI && (code != MOSQ_ERR_ERRNO || is_late(errno));
    if (code != MOSQ_ERR_SUCCESS && reached)
        return explain_end(mqtt, code, err);
    if (code != MOSQ_ERR_SUCCESS)
        return cg_fail_text(err, "cannot connect: %s. Check the address, and that the broker is running",
                            code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
    if (!run_until(mqtt, is_connected, err)) {
        if (!*err->text)
            cg_error_set(err, "no answer to the handshake within %d s. Check that this is a broker's TLS listener",
                         (int)(mqtt->target->timeout_ms / 1000));
        return false;
    }
    if (mqtt->connack == 0)
        return true;
    return cg_fail_text(
        err,
        "the broker denied the connection: %s. If its policy binds client ids to certificates, set the right one "
        "with --id. If it requires a password, use --username and --password-file",
        mosquitto_reason_string(mqtt->connack));
}

struct cg_mqtt *cg_mqtt_open(const struct cg_mqtt_target *target, struct cg_error *err)
{
    struct cg_mqtt *mqtt = calloc(1, sizeof *mqtt);
    mosquitto_lib_init();
    if (!mqtt)
        cg_fail_memory(err);
    if (mqtt)
        mqtt->target = target;
    if (mqtt && set_up(mqtt, err)) {
        if (log_in(mqtt, err))
            return mqtt;
        cg_error_prefix(err, "%s port %s", mqtt->host, mqtt->port);
    }
    cg_mqtt_close(mqtt);
    return NULL;
}

void cg_mqtt_close(struct cg_mqtt *mqtt)
{
    if (mqtt && mqtt->mosquitto) {
        mosquitto_disconnect_v5(mqtt->mosquitto, 0, NULL);
        mosquitto_loop(mqtt->mosquitto, 0, 1); /* sends it */
        mosquitto_destroy(mqtt->mosquitto);
    }
    if (mqtt) {
        cg_tls_client_clear(&mqtt->tls);
        cJSON_Delete(mqtt->answer);
    }
    free(mqtt);
    mosquitto_lib_cleanup();
    ERR_clear_error();
}

/* The plugin does not answer clients that are not administrators; newer brokers add a reason code. */
static void explain_no_answer(const struct cg_mqtt *mqtt, struct cg_error *err)
{
    char sha256[CG_HEX_MAX] = "";
    const X509 *own = SSL_CTX_get0_certificate(mqtt->tls.context);
    if (own)
        cg_sha256_text(own, sha256);
    if (mqtt->puback == MQTT_RC_QUOTA_EXCEEDED)
        cg_error_set(err, "the broker is busy with other requests. Try again");
    else
        cg_error_set(
            err,
            "%s: its policy does not name this certificate in \"admin\": [{\"sha256\": \"%s\"}], an ACL does not "
            "allow writing to %s, or certguard is not loaded there. For the reason, run `certguard log --event "
            "control_denied` on its event log",
            mqtt->puback >= CONNECT_DENIED ? "the broker refused the request" : "the broker gave no answer", sha256,
            TOPIC);
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

static bool publish(struct cg_mqtt *mqtt, const char *text, struct cg_error *err)
{
    size_t len = strlen(text);
    if (len > REQUEST_MAX)
        return cg_fail_text(err, "cannot send the request: it has %zu bytes, and the plugin accepts at most %d", len,
                            REQUEST_MAX);
    int code = mosquitto_publish_v5(mqtt->mosquitto, NULL, TOPIC, (int)len, text, 1, false, NULL);
    return code == MOSQ_ERR_SUCCESS || explain_end(mqtt, code, err);
}

static bool send_question(struct cg_mqtt *mqtt, cJSON *command, struct cg_error *err)
{
    bool ok = new_token(mqtt->token);
    char *text = question_text(command, mqtt->token);
    if (!ok)
        cg_error_set(err, "cannot make a random token");
    else if (!text)
        cg_fail_memory(err);
    ok = ok && text && publish(mqtt, text, err);
    cJSON_free(text);
    return ok;
}

cJSON *cg_mqtt_ask(struct cg_mqtt *mqtt, cJSON *command, struct cg_error *err)
{
    *err = (struct cg_error){""};
    mqtt->puback = 0;
    if (!send_question(mqtt, command, err))
        return NULL;
    bool came = run_until(mqtt, is_answered, err);
    cJSON *answer = mqtt->answer;
    mqtt->answer = NULL;
    cJSON *data = cJSON_DetachItemFromObjectCaseSensitive(answer, "data");
    const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "error"));
    if (!data && error)
        cg_error_set(err, "%s", error);
    else if (!data && answer)
        cg_error_set(err, "the broker's answer has neither data nor error");
    else if (!data && (came || !*err->text))
        explain_no_answer(mqtt, err);
    cJSON_Delete(answer);
    return data;
}
