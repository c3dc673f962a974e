/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "connection.h"

#include "base/clock.h"
#include "base/failure.h"
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

#define KEEPALIVE      60
#define LISTEN_MS      3000
#define CONNECT_DENIED 0x80 /* the first reason code of an error */

struct cg_connection {
    const struct cg_mqtt_target *target;
    struct cg_connection_reader reader;
    struct cg_tls_client tls;
    struct mosquitto *mosquitto;
    char host[256], port[8];
    bool connected, is_over; /* CONNACK received; the connection has ended */
    int connack, puback;     /* reason codes; puback of the last message */
    int ended;               /* reason code of the broker's DISCONNECT */
};

static void on_connect(struct mosquitto *m, void *self, int code, int flags, const mosquitto_property *properties)
{
    struct cg_connection *connection = self;
    (void)m, (void)flags, (void)properties;
    connection->connack = code;
    connection->connected = true;
}

static void on_disconnect(struct mosquitto *m, void *self, int code, const mosquitto_property *properties)
{
    struct cg_connection *connection = self;
    (void)m, (void)properties;
    connection->is_over = true;
    connection->ended = code;
}

static void on_publish(struct mosquitto *m, void *self, int mid, int code, const mosquitto_property *properties)
{
    struct cg_connection *connection = self;
    (void)m, (void)mid, (void)properties;
    connection->puback = code;
}

static void on_message(struct mosquitto *m, void *self, const struct mosquitto_message *message,
                       const mosquitto_property *properties)
{
    struct cg_connection *connection = self;
    (void)m, (void)properties;
    if (!message->retain && message->payloadlen >= 0)
        connection->reader.message(connection->reader.context, message->topic, message->payload,
                                   (size_t)message->payloadlen);
}

/* 0: none. */
static int port_of(const struct cg_connection *connection)
{
    char *end = NULL;
    long port = strtol(connection->port, &end, 10);
    return *end || port < 1 || port > 65535 ? 0 : (int)port;
}

static void ignore(int signal)
{
    (void)signal;
}

/* libmosquitto's connect(2) has no timeout: a timer without SA_RESTART interrupts it. */
static int connect_within(struct cg_connection *connection)
{
    const struct sigaction act = {.sa_handler = ignore};
    struct sigaction before;
    const int64_t ms = connection->target->timeout_ms;
    const struct itimerval timer = {{1, 0}, {(int)(ms / 1000), (int)(ms % 1000) * 1000}}, none = {0};
    sigaction(SIGALRM, &act, &before);
    setitimer(ITIMER_REAL, &timer, NULL);
    int code = mosquitto_connect_bind_v5(connection->mosquitto, connection->host, port_of(connection), KEEPALIVE, NULL,
                                         NULL);
    int kept = errno;
    setitimer(ITIMER_REAL, &none, NULL);
    sigaction(SIGALRM, &before, NULL);
    errno = kept == EINTR ? ETIMEDOUT : kept;
    return code;
}

/* libmosquitto closes the connection after the first failed write, before it reads the broker's alert: a second handshake
 * reads it. */
static bool handshake_failed(struct cg_connection *connection, struct cg_error *err)
{
    if (!connection->connected && !*connection->tls.alert && !connection->tls.verify_error)
        cg_tls_probe_listen(connection->tls.context, connection->host, connection->port,
                            connection->target->timeout_ms < LISTEN_MS ? connection->target->timeout_ms : LISTEN_MS);
    return cg_tls_client_fault(&connection->tls, connection->host, err);
}

/* Sets the reason for which the connection ended. Always false. */
static bool explain_end(struct cg_connection *connection, int code, struct cg_error *err)
{
    if (handshake_failed(connection, err))
        return false;
    if (connection->ended >= CONNECT_DENIED)
        return cg_fail_text(err, "the broker ended the session: %s", mosquitto_reason_string(connection->ended));
    return cg_fail_text(
        err,
        "the connection ended: %s. Check that this is a TLS listener. For more, run `certguard log --explain` on "
        "the broker's event log",
        mosquitto_strerror(code == MOSQ_ERR_SUCCESS ? MOSQ_ERR_CONN_LOST : code));
}

/* Runs the connection until arrived() is true. False: it ended (with an error), or the time is up (no error). */
static bool run_until(struct cg_connection *connection, bool (*arrived)(const struct cg_connection *),
                      struct cg_error *err)
{
    const int64_t until = cg_monotonic_ms() + connection->target->timeout_ms;
    while (!arrived(connection)) {
        int64_t left = until - cg_monotonic_ms();
        if (left <= 0)
            return false;
        int code = connection->is_over ? MOSQ_ERR_CONN_LOST
                                       : mosquitto_loop(connection->mosquitto, left > 1000 ? 1000 : (int)left, 1);
        if (code != MOSQ_ERR_SUCCESS && !arrived(connection))
            return explain_end(connection, code, err);
    }
    return true;
}

static bool is_connected(const struct cg_connection *connection)
{
    return connection->connected;
}

static bool is_answered(const struct cg_connection *connection)
{
    return connection->puback >= CONNECT_DENIED || connection->reader.is_answered(connection->reader.context);
}

static void random_id(char id[40])
{
    unsigned char random[4] = {0};
    char hex[9] = "";
    if (RAND_bytes(random, sizeof random) == 1)
        OPENSSL_buf2hexstr_ex(hex, sizeof hex, NULL, random, sizeof random, '\0');
    snprintf(id, 40, "certguard-%s", hex);
}

static bool start_tls(struct cg_connection *connection, const struct cg_tls_objects *objects, struct cg_error *err)
{
    const struct cg_mqtt_target *target = connection->target;
    return objects ? cg_tls_client_init_with(&connection->tls, objects, connection->host, err)
                   : cg_tls_client_init(&connection->tls, target->ca, target->cert, target->key, connection->host, err);
}

static bool set_up(struct cg_connection *connection, const struct cg_tls_objects *objects, struct cg_error *err)
{
    const struct cg_mqtt_target *target = connection->target;
    char id[40];
    if (!cg_tls_probe_split(target->host_port, connection->host, connection->port) || !port_of(connection))
        return cg_fail_text(err, "\"%s\": expected HOST:PORT", target->host_port);
    if (!start_tls(connection, objects, err))
        return false;
    random_id(id);
    connection->mosquitto = mosquitto_new(target->id ? target->id : id, true, connection);
    if (!connection->mosquitto ||
        mosquitto_int_option(connection->mosquitto, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) != MOSQ_ERR_SUCCESS ||
        mosquitto_int_option(connection->mosquitto, MOSQ_OPT_TCP_NODELAY, 1) != MOSQ_ERR_SUCCESS ||
        mosquitto_void_option(connection->mosquitto, MOSQ_OPT_SSL_CTX, connection->tls.context) != MOSQ_ERR_SUCCESS ||
        mosquitto_int_option(connection->mosquitto, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) != MOSQ_ERR_SUCCESS ||
        (target->username &&
         mosquitto_username_pw_set(connection->mosquitto, target->username, target->password) != MOSQ_ERR_SUCCESS))
        return cg_fail_memory(err);
    mosquitto_connect_v5_callback_set(connection->mosquitto, on_connect);
    mosquitto_disconnect_v5_callback_set(connection->mosquitto, on_disconnect);
    mosquitto_publish_v5_callback_set(connection->mosquitto, on_publish);
    mosquitto_message_v5_callback_set(connection->mosquitto, on_message);
    return true;
}

/* An error on an open connection: libmosquitto returns EPROTO for errors of TLS. */
static bool is_late(int error)
{
    return error == EPROTO || error == EPIPE || error == ECONNRESET;
}

static bool log_in(struct cg_connection *connection, struct cg_error *err)
{
    int code = connect_within(connection);
    bool reached = code != MOSQ_ERR_EAI && (code != MOSQ_ERR_ERRNO || is_late(errno));
    if (code != MOSQ_ERR_SUCCESS && reached)
        return explain_end(connection, code, err);
    if (code != MOSQ_ERR_SUCCESS)
        return cg_fail_text(err, "cannot connect: %s. Check the address, and that the broker is running",
                            code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
    if (!run_until(connection, is_connected, err)) {
        if (!*err->text)
            cg_error_set(err, "no answer to the handshake within %d s. Check that this is a broker's TLS listener",
                         (int)(connection->target->timeout_ms / 1000));
        return false;
    }
    if (connection->connack == 0)
        return true;
    return cg_fail_text(
        err,
        "the broker denied the connection: %s. If its policy binds client ids to certificates, set the right one "
        "with --id. If it requires a password, use --username and --password-file",
        mosquitto_reason_string(connection->connack));
}

struct cg_connection *cg_connection_open(const struct cg_mqtt_target *target, const struct cg_tls_objects *objects,
                                         const struct cg_connection_reader *reader, struct cg_error *err)
{
    struct cg_connection *connection = calloc(1, sizeof *connection);
    mosquitto_lib_init();
    if (!connection)
        cg_fail_memory(err);
    if (connection) {
        connection->target = target;
        connection->reader = *reader;
    }
    if (connection && set_up(connection, objects, err)) {
        if (log_in(connection, err))
            return connection;
        cg_error_prefix(err, "%s port %s", connection->host, connection->port);
    }
    cg_connection_close(connection);
    return NULL;
}

void cg_connection_close(struct cg_connection *connection)
{
    if (connection && connection->mosquitto) {
        mosquitto_disconnect_v5(connection->mosquitto, 0, NULL);
        mosquitto_loop(connection->mosquitto, 0, 1); /* sends it */
        mosquitto_destroy(connection->mosquitto);
    }
    if (connection)
        cg_tls_client_clear(&connection->tls);
    free(connection);
    mosquitto_lib_cleanup();
    ERR_clear_error();
}

enum cg_asked cg_connection_ask(struct cg_connection *connection, const char *topic, const void *data, size_t len,
                                struct cg_error *err)
{
    *err = (struct cg_error){""};
    connection->puback = 0;
    int code = mosquitto_publish_v5(connection->mosquitto, NULL, topic, (int)len, data, 1, false, NULL);
    if (code != MOSQ_ERR_SUCCESS) {
        explain_end(connection, code, err);
        return CG_ASKED_FAILED;
    }
    if (!run_until(connection, is_answered, err))
        return *err->text ? CG_ASKED_FAILED : CG_ASKED_SILENT;
    return connection->puback < CONNECT_DENIED            ? CG_ASKED_ANSWERED
           : connection->puback == MQTT_RC_QUOTA_EXCEEDED ? CG_ASKED_BUSY
                                                          : CG_ASKED_REFUSED;
}

const X509 *cg_connection_own(const struct cg_connection *connection)
{
    return SSL_CTX_get0_certificate(connection->tls.context);
}

X509 *cg_connection_anchor(const struct cg_connection *connection)
{
    const SSL *ssl = mosquitto_ssl_get(connection->mosquitto);
    const STACK_OF(X509) *chain = ssl ? SSL_get0_verified_chain(ssl) : NULL;
    return chain ? sk_X509_value(chain, sk_X509_num(chain) - 1) : NULL;
}
