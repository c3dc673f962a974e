/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Wakes a broker that gives plugins no time: Mosquitto 2.0.11 with per_listener_settings never ticks. When work is due,
 * a thread opens a connection to one of the broker's own TLS listeners: the hook sees its handshake start, on the main
 * thread, and the pulse runs. Nothing is sent, and no event is made of it.
 * Owned by the plugin's state, and only made where no tick came before the first CONNECT. */
#ifndef CG_WAKE_H
#define CG_WAKE_H

#include "reload.h"

#include "tls/conn.h"

struct cg_waker;

/* listener: an established connection to one. reload: asked whether it has news. NULL without memory or thread. */
struct cg_waker *cg_waker_start(const struct cg_conn *listener, struct cg_reload *reload);
void cg_waker_stop(struct cg_waker *waker); /* NULL is fine */

/* The pulse ran and wants to run again in so many ms; -1: only when there is news. */
void cg_waker_pulsed(struct cg_waker *waker, int64_t next_ms);

/* Is this connection ours? waker may be NULL. */
bool cg_waker_made(struct cg_waker *waker, const struct cg_conn *conn);

#endif
