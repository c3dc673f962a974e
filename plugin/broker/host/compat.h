/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Differences between Mosquitto 2.0 and 2.1. A binary built with the headers of 2.0 works with both: functions that only 2.1
 * has are looked up in the running broker. A binary built with the headers of 2.1 works with 2.1; it has not been tested with
 * 2.0. All code that depends on the version is here and in mosquitto_headers.h.
 * Called by plugin.c, presence.c and auth.c from the main thread. */
#ifndef CG_COMPAT_H
#define CG_COMPAT_H

#include "broker/session/client_map.h"
#include "mosquitto_headers.h"

#include <stdbool.h>
#include <stdint.h>

/* Looks up the broker's functions, and registers the plugin's name and version (2.1). Call it before the other functions. */
void cg_compat_start(mosquitto_plugin_id_t *identifier, const char *name, const char *version);

/* Requests the next TICK in ms. Without a request, 2.1 sleeps until another event; 2.0 ticks every 100 ms. Both may tick
 * earlier. */
void cg_compat_next_tick(struct mosquitto_evt_tick *tick, int64_t ms);

/* The port of a client's listener; 0: the broker does not report it (2.0). */
uint16_t cg_compat_client_port(const struct mosquitto *client);
bool cg_compat_reports_port(void);

/* The broker's function that finds the client with an id; NULL: it has none (2.0). */
cg_client_of_fn cg_compat_client_of(void);

/* The return value of a RELOAD callback. 2.1 exits on an error; 2.0 calls the next plugin only after DEFER. */
int cg_compat_reload_done(void);

/* Events that 2.0 does not have. In their data, the first member after "future" is the client. */
#define CG_EVT_CONNECT        11
#define CG_EVT_CLIENT_OFFLINE 28
struct cg_evt_client {
    void *future;
    struct mosquitto *client;
};

#endif
