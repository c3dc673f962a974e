/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The outcome of a connection: accepted, rejected, ended. Calls the handlers, and removes the connection from the
 * lists of those in progress. Called by handshake.c and hook.c on the main thread. */
#ifndef CG_TLS_OUTCOME_H
#define CG_TLS_OUTCOME_H

#include "conn.h"

void cg_conn_reject(struct cg_conn *conn); /* only the first call has an effect */
void cg_conn_abort(struct cg_conn *conn);  /* rejects it and shuts it down */
void cg_conn_accept(struct cg_conn *conn); /* accepts it and frees what is no longer needed */
void cg_conn_end(struct cg_conn *conn);    /* calls rejected() if necessary, then ended(); frees the record */

#endif
