/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connections of the broker to itself. Mosquitto looks at its plugins when its loop wakes, on a quiet day every 100 ms, and
 * 2.0.11 with per_listener_settings never. While work is due sooner, or where no ticks come at all, a thread connects to
 * one of the broker's own TLS listeners: that wakes the loop, and the hook sees a handshake begin on the main thread.
 * Nothing of use is sent, and none of it becomes an event.
 * Owned by the plugin's state; main thread only, but for the thread inside. */
#ifndef CG_SELF_CONNECT_H
#define CG_SELF_CONNECT_H

#include "broker/reload/reload.h"

#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stdint.h>

struct cg_self_connect;

/* listener: the own address of an established connection to a TLS listener that the broker serves in its loop (no
 * websockets). reload: looked at for news where the broker does not tick; NULL where it does. NULL without memory or
 * thread. */
struct cg_self_connect *cg_self_connect_start(const union cg_address *listener, struct cg_reload *reload);
void cg_self_connect_stop(struct cg_self_connect *self); /* NULL is fine */

/* The loop is to wake in so many ms; -1: only when there is news. NULL is fine. */
void cg_self_connect_due(struct cg_self_connect *self, int64_t ms);

/* Connects to an own listener once, and hangs up: the hook then sees whether it speaks TLS. */
void cg_self_connect_probe(const union cg_address *listener);

/* Is this connection one of ours? Of each once: what is asked about again is another one. */
bool cg_self_connect_made(const struct cg_conn *conn);

#endif
