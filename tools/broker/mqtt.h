/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Requests to the control topic of a broker, $CONTROL/certguard/v1: MQTT 5 over TLS with libmosquitto, one connection, one
 * request at a time (docs/control.md). The verb owns the connection. Called by the verb status. */
#ifndef CG_STATUS_MQTT_H
#define CG_STATUS_MQTT_H

#include "core/base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct cg_mqtt_target {
    const char *host_port;           /* "broker.lan:8883"; without a port 8883 */
    const char *ca, *cert, *key;     /* files */
    const char *id;                  /* MQTT client id; NULL: a random one */
    const char *username, *password; /* NULL: none; for brokers that require them in addition to the certificate */
    int64_t timeout_ms;              /* for the connection, and for each answer */
};

struct cg_mqtt;

/* Connects. NULL: the error has the step that failed, and the fix. target is borrowed. */
struct cg_mqtt *cg_mqtt_open(const struct cg_mqtt_target *target, struct cg_error *err);
void cg_mqtt_close(struct cg_mqtt *mqtt);

/* Takes the command, {"command": ...}. Returns the "data" of the answer, the caller's; NULL with the error. */
cJSON *cg_mqtt_ask(struct cg_mqtt *mqtt, cJSON *command, struct cg_error *err);

#endif
