/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where Mosquitto 2.0 and 2.1 differ: built with the headers of 2.0, one binary serves both, so what only 2.1 has is
 * looked up in the running broker. Everything that depends on the version is in this file.
 * Called by plugin.c, pulse.c and auth.c from the main thread. */
#ifndef CG_COMPAT_H
#define CG_COMPAT_H

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <stdbool.h>
#include <stdint.h>

/* Names the plugin to the broker, where it wants to know (2.1). */
void cg_compat_introduce(mosquitto_plugin_id_t *identifier, const char *name, const char *version);

/* Asks for the next TICK in ms: 2.1 otherwise sleeps until something else happens. 2.0 ticks every 100 ms. */
void cg_compat_next_tick(struct mosquitto_evt_tick *tick, int64_t ms);

/* The port of the listener that a client came to; 0 where the broker does not tell (2.0). */
uint16_t cg_compat_client_port(const struct mosquitto *client);

#endif
