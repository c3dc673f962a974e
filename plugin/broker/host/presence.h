/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who is there: the clients that were allowed to connect, and what the broker tells of them afterwards. The callbacks have
 * the plugin's state as userdata. Main thread only. */
#ifndef CG_PRESENCE_H
#define CG_PRESENCE_H

#include "broker/session/client_map.h"
#include "state.h"

struct mosquitto;

/* Remembers a client that may connect: who has its conn, username, named, extended and authenticated; the rest is asked of the
 * broker. False without memory: deny. */
bool cg_presence_claim(struct cg_state *state, struct mosquitto *client, const struct cg_claim *who);

/* The broker accepted this client for certain, since it got as far as to publish: notes that, and returns the connection of
 * one with a certificate. NULL: it has none, or is not known. */
struct cg_conn *cg_presence_accept(struct cg_state *state, struct mosquitto *client);

/* The broker accepted a client (2.1). Notices those that BASIC_AUTH never saw, and warns once. */
int cg_presence_connected(int event, void *event_data, void *userdata);

/* A client went away, for good (DISCONNECT) or for now (CLIENT_OFFLINE, 2.1). */
int cg_presence_gone(int event, void *event_data, void *userdata);

#endif
