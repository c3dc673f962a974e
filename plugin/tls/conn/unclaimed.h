/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connections that wait for their CONNECT and showed no certificate, and how to find out whose they are.
 * outcome.c, socket.c and hook.c maintain the list; the broker layer searches it. Main thread only. */
#ifndef CG_TLS_UNCLAIMED_H
#define CG_TLS_UNCLAIMED_H

#include "conn.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* Gets a client's certificate from the broker; the caller owns the reference. NULL: it has none. */
typedef X509 *(*cg_certificate_fn)(const void *client);

/* Whether this connection, on which no certificate was shown, is the client's. A proof, not a guess (see unclaimed.c).
 * False also if it cannot be proved. */
bool cg_hook_is_client(struct cg_conn *conn, cg_certificate_fn certificate, const void *client);

/* Finds the connection of a client that showed no certificate, among those that wait for their CONNECT. Tries only a
 * few, the most recently active first, and only those that may_match accepts. NULL: none of these is the client's. */
struct cg_conn *cg_hook_find_client(cg_certificate_fn certificate, const void *client,
                                    bool (*may_match)(const void *context, const struct cg_conn *conn),
                                    const void *context);

void cg_unclaimed_add(struct cg_conn *conn);
void cg_unclaimed_remove(struct cg_conn *conn); /* does nothing if it is not in the list */
void cg_unclaimed_read(struct cg_conn *conn);   /* it sent something: moves it to the front */

#endif
