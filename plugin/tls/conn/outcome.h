/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What becomes of a connection: accepted, rejected, ended. Tells the handlers, and takes the connection out of the lists of
 * those that are under way. Called by handshake.c and hook.c, on the main thread. */
#ifndef CG_TLS_OUTCOME_H
#define CG_TLS_OUTCOME_H

#include "conn.h"

void cg_conn_reject(struct cg_conn *conn); /* once, however often it is called */
void cg_conn_abort(struct cg_conn *conn);  /* rejects it, and shuts it down */
void cg_conn_accept(struct cg_conn *conn); /* accepted: drops what is not needed any more */
void cg_conn_end(struct cg_conn *conn);    /* rejected() where it is due, ended(), free */

#endif
