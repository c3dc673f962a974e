/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Mosquitto's headers: 2.0 has four, and 2.1 has one, which warns if the others are included. Names that differ are unified
 * here. Included by all code that calls the broker, including plugins in tests. */
#ifndef CG_MOSQUITTO_HEADERS_H
#define CG_MOSQUITTO_HEADERS_H

#include <mosquitto.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
#define CG_TICK_NEXT_MS next_ns /* 2.0 ignores it, 2.1 reads milliseconds */
#else
#define CG_TICK_NEXT_MS next_ms
#endif

#endif
