/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connections that wait for their CONNECT and showed no certificate, and the questions whose they are.
 * The list is kept by outcome.c, socket.c and hook.c; the broker layer asks. Main thread only. */
#ifndef CG_TLS_UNCLAIMED_H
#define CG_TLS_UNCLAIMED_H

#include "conn.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* How the broker is asked for a client's certificate; the caller owns the reference. NULL: it has none. */
typedef X509 *(*cg_certificate_fn)(const void *client);

/* Whether this connection, on which no certificate was shown, is the client's. A proof, not a guess (see unclaimed.c).
 * False where it is another's, and where it cannot be proved. */
bool cg_hook_is_client(struct cg_conn *conn, cg_certificate_fn certificate, const void *client);

/* The connection of a client that showed no certificate, of those that wait for their CONNECT. Asks a few at most, those
 * first that sent something last, and of these only what may_be accepts. NULL: none of those is the client's. */
struct cg_conn *cg_hook_find_client(cg_certificate_fn certificate, const void *client,
                                    bool (*may_be)(const void *context, const struct cg_conn *conn),
                                    const void *context);

void cg_unclaimed_add(struct cg_conn *conn);
void cg_unclaimed_remove(struct cg_conn *conn); /* fine where it is not in the list */
void cg_unclaimed_read(struct cg_conn *conn);   /* it sent something: it may be asked for soon */

#endif
