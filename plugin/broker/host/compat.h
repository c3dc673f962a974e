/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where Mosquitto 2.0 and 2.1 differ: built with the headers of 2.0, one binary serves both, so what only 2.1 has is
 * looked up in the running broker. Built with those of 2.1 it serves 2.1; with 2.0 that was not tried. What depends on the
 * version is here and in mosquitto_headers.h.
 * Called by plugin.c, presence.c and auth.c from the main thread. */
#ifndef CG_COMPAT_H
#define CG_COMPAT_H

#include "mosquitto_headers.h"

#include <stdbool.h>
#include <stdint.h>

/* Looks up what this broker has, and names the plugin to it, where it wants to know (2.1). Before all others. */
void cg_compat_start(mosquitto_plugin_id_t *identifier, const char *name, const char *version);

/* Asks for the next TICK in ms: 2.1 otherwise sleeps until something else happens. 2.0 ticks every 100 ms. Both may
 * tick sooner, whenever something happens. */
void cg_compat_next_tick(struct mosquitto_evt_tick *tick, int64_t ms);

/* The port of the listener that a client came to; 0 where the broker does not tell (2.0). */
uint16_t cg_compat_client_port(const struct mosquitto *client);
bool cg_compat_reports_port(void);

/* The client that has this id now, connected or not; NULL: none. NULL function: the broker has no such question (2.0). */
typedef const void *(*cg_compat_client_of_fn)(const char *client_id);
cg_compat_client_of_fn cg_compat_client_of(void);

/* What a RELOAD callback returns. An error ends 2.1; anything but DEFER keeps the next plugin's from being called in 2.0. */
int cg_compat_reload_done(void);

/* Events that 2.0 does not have; both have a client as their first member after "future". */
#define CG_EVT_CONNECT        11
#define CG_EVT_CLIENT_OFFLINE 28
struct cg_evt_client {
    void *future;
    struct mosquitto *client;
};

#endif
