/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Requests to the control topic of a broker, $CONTROL/certguard/v1: one connection, one request at a time (docs/control.md). The
 * verb owns it. Called by the verb status. */
#ifndef CG_STATUS_MQTT_H
#define CG_STATUS_MQTT_H

#include "connection.h"

#include <cjson/cJSON.h>

struct cg_mqtt;

/* Connects. NULL: the error has the step that failed, and the fix. target is borrowed. */
struct cg_mqtt *cg_mqtt_open(const struct cg_mqtt_target *target, struct cg_error *err);
void cg_mqtt_close(struct cg_mqtt *mqtt);

/* Takes the command, {"command": ...}. Returns the "data" of the answer, the caller's; NULL with the error. */
cJSON *cg_mqtt_ask(struct cg_mqtt *mqtt, cJSON *command, struct cg_error *err);

#endif
