/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Why did this handshake fail? Tables from what OpenSSL and the peer say to our reasons. The reason that a record has stays.
 * Called by handshake.c and outcome.c, on the main thread. saved_errno: of the moment of the failure. */
#ifndef CG_TLS_FAILURE_H
#define CG_TLS_FAILURE_H

#include "conn.h"

void cg_failure_classify(struct cg_conn *conn, int saved_errno); /* at the failure: reads the error queue */
void cg_failure_gone(struct cg_conn *conn, int saved_errno);     /* it ended, and nobody said why */

#endif
