/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Why a handshake failed: maps the errors of OpenSSL and the alerts of the peer to reasons. A reason that is already
 * set is kept. Called by handshake.c and outcome.c on the main thread. saved_errno: errno at the time of the
 * failure. */
#ifndef CG_TLS_FAILURE_H
#define CG_TLS_FAILURE_H

#include "conn.h"

void cg_failure_classify(struct cg_conn *conn, int saved_errno); /* at the failure: reads the error queue */
void cg_failure_gone(struct cg_conn *conn, int saved_errno);     /* it ended without an error or alert */

#endif
