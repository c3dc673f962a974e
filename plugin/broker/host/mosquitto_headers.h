/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Mosquitto's headers: 2.1 has one, which warns where the four of 2.0 are named; and where the two call one thing
 * differently. Called by whatever speaks to the broker, tests' plugins too. */
#ifndef CG_MOSQUITTO_HEADERS_H
#define CG_MOSQUITTO_HEADERS_H

#include <mosquitto.h>

#if LIBMOSQUITTO_VERSION_NUMBER < 2001000
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>
#define CG_TICK_NEXT_MS next_ns /* 2.0 reads it nowhere, 2.1 as milliseconds */
#else
#define CG_TICK_NEXT_MS next_ms
#endif

#endif
