/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Keeps the client map up to date: clients that may connect, and the broker's events about them. The callbacks have the
 * plugin's state as userdata. Main thread only. */
#ifndef CG_PRESENCE_H
#define CG_PRESENCE_H

#include "broker/session/client_map.h"
#include "state.h"

struct mosquitto;

/* Records a client that may connect. given has its conn, named, extended and authenticated; the broker provides the
 * rest. username: from the certificate, "": none. False: out of memory, deny the client. */
bool cg_presence_claim(struct cg_state *state, struct mosquitto *client, const struct cg_claim *given,
                       const char *username);

/* Records that the broker has accepted a client, because it publishes. Returns its connection; NULL: it has no certificate, or
 * its connection is unknown. */
struct cg_conn *cg_presence_accept(struct cg_state *state, struct mosquitto *client);

/* The broker accepted a client (2.1). Warns once if BASIC_AUTH was not called for it. */
int cg_presence_connected(int event, void *event_data, void *userdata);

/* A client disconnected: its session ended (DISCONNECT) or went offline (CLIENT_OFFLINE, 2.1). */
int cg_presence_disconnected(int event, void *event_data, void *userdata);

#endif
