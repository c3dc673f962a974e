/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What passes between a connection and its socket until its CONNECT was answered, seen through the BIO's callback.
 * Called by handshake.c and outcome.c, on the main thread. */
#ifndef CG_TLS_SOCKET_H
#define CG_TLS_SOCKET_H

#include "conn.h"

void cg_socket_watch(struct cg_conn *conn);
void cg_socket_watch_on(struct cg_conn *conn); /* its handshake is done: until its CONNECT was answered */
void cg_socket_unwatch(struct cg_conn *conn);

#endif
