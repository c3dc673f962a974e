/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Observes what a connection reads from its socket until its CONNECT has been answered, with a callback of the BIO.
 * Called by handshake.c and outcome.c on the main thread. */
#ifndef CG_TLS_SOCKET_H
#define CG_TLS_SOCKET_H

#include "conn.h"

void cg_socket_watch(struct cg_conn *conn);
void cg_socket_watch_established(struct cg_conn *conn); /* after the handshake, until the CONNECT is answered */
void cg_socket_unwatch(struct cg_conn *conn);

/* Otherwise the last flight of the handshake and the CONNACK delay each other by about 40 ms. */
void cg_socket_no_delay(const struct cg_conn *conn);

/* Acknowledges what the client sent last, its Finished: without TCP_NODELAY (Nagle's algorithm, RFC 896) it does not send
 * its CONNECT before that, and a delayed acknowledgement (RFC 9293 3.8.6.3) takes about 40 ms. */
void cg_socket_acknowledge(const struct cg_conn *conn);

#endif
