/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Wakes the broker's loop. Mosquitto calls plugins when its loop wakes: every 100 ms if it is idle, and never in 2.0.11 with
 * per_listener_settings. If work is due earlier, or if the broker does not tick, a thread connects to one of the broker's own
 * TLS listeners. This wakes the loop, and the hook is called on the main thread when the handshake begins. These connections
 * send no data of use and write no events.
 * Owned by the plugin's state; main thread only, except for its own thread. */
#ifndef CG_SELF_CONNECT_H
#define CG_SELF_CONNECT_H

#include "broker/reload/reload.h"

#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stdint.h>

struct cg_self_connect;

/* listener: the local address of an established connection to a TLS listener that the broker serves in its loop (no
 * websockets). reload: checked for results if the broker does not tick; NULL: it ticks. NULL: out of memory, or no thread. */
struct cg_self_connect *cg_self_connect_start(const union cg_address *listener, struct cg_reload *reload);
void cg_self_connect_stop(struct cg_self_connect *self); /* accepts NULL */

/* Sets the ms until the loop must wake; -1: only for a result of reload. Accepts NULL. */
void cg_self_connect_due(struct cg_self_connect *self, int64_t ms);

/* Connects to one of the broker's listeners and disconnects. If it uses TLS, the hook is called. */
void cg_self_connect_probe(const union cg_address *listener);

/* Whether this connection was made here. True only once per connection: its port may then be used by a client. */
bool cg_self_connect_made(const struct cg_conn *conn);

#endif
