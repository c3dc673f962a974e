/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Questions to the control topic of a broker, $CONTROL/certguard/v1: MQTT 5 over TLS through libmosquitto, one connection,
 * one question at a time (docs/control.md). The verb owns the connection. Called by verb_status. */
#ifndef CG_STATUS_MQTT_H
#define CG_STATUS_MQTT_H

#include "core/base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct cg_mqtt_target {
    const char *host_port;           /* "broker.lan:8883"; without a port 8883 */
    const char *ca, *cert, *key;     /* files */
    const char *id;                  /* MQTT client id; NULL: one of our own */
    const char *username, *password; /* NULL: none; where the broker asks for them beside the certificate */
    int64_t timeout_ms;              /* for the connection, and for each answer */
};

struct cg_mqtt;

/* Connected and let in. NULL: the text says which step failed, and what to do. target is borrowed. */
struct cg_mqtt *cg_mqtt_open(const struct cg_mqtt_target *target, struct cg_error *err);
void cg_mqtt_close(struct cg_mqtt *mqtt);

/* Takes the command, {"command": ...}. Its "data", the caller's; NULL with the broker's or our own error. */
cJSON *cg_mqtt_ask(struct cg_mqtt *mqtt, cJSON *command, struct cg_error *err);

#endif
