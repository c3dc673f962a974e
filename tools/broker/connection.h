/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A connection to a broker: MQTT 5 over TLS with libmosquitto, one open question at a time. The caller owns the connection, which
 * borrows its target. Called by mqtt.c and by the device's side of renewal. */
#ifndef CG_TOOLS_BROKER_CONNECTION_H
#define CG_TOOLS_BROKER_CONNECTION_H

#include "core/base/error.h"
#include "tls_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_mqtt_target {
    const char *host_port;           /* "broker.lan:8883"; without a port 8883 */
    const char *ca, *cert, *key;     /* files */
    const char *id;                  /* MQTT client id; NULL: a random one */
    const char *username, *password; /* NULL: none; for brokers that require them in addition to the certificate */
    int64_t timeout_ms;              /* for the connection, and for each answer */
};

/* Receives the messages, except retained ones, and decides when the open question is answered. */
struct cg_connection_reader {
    void (*message)(void *context, const char *topic, const void *data, size_t len);
    bool (*is_answered)(const void *context);
    void *context;
};

struct cg_connection;

/* Connects; with these objects in place of the target's files, unless they are NULL. NULL: the error has the step that failed, and
 * the fix. */
struct cg_connection *cg_connection_open(const struct cg_mqtt_target *target, const struct cg_tls_objects *objects,
                                         const struct cg_connection_reader *reader, struct cg_error *err);
void cg_connection_close(struct cg_connection *connection);

/* Publishes with QoS 1, and waits for the answer. Failed: the connection ended, with the error. Refused and busy: the broker's reason
 * code, which 2.0.11 does not send. Silent: the time is up. */
enum cg_asked { CG_ASKED_FAILED = 0, CG_ASKED_ANSWERED, CG_ASKED_REFUSED, CG_ASKED_BUSY, CG_ASKED_SILENT };
enum cg_asked cg_connection_ask(struct cg_connection *connection, const char *topic, const void *data, size_t len,
                                struct cg_error *err);

/* Our certificate, and the trust anchor of the broker's certificate; NULL: there is none. Borrowed. */
const X509 *cg_connection_own(const struct cg_connection *connection);
X509 *cg_connection_anchor(const struct cg_connection *connection);

#endif
