/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Clients that the broker refuses although certguard let them in. While a policy is on trial the administrator expects none.
 * Owns nothing; called by the handlers of handshakes, main thread only. */
#ifndef CG_REFUSAL_H
#define CG_REFUSAL_H

#include "state.h"

#include "tls/conn/conn.h"

/* A connection over TLS ends: warns, once a snapshot, where the broker refused it for its user name and a rule of its listener
 * is audited. To be called before its claim is released. */
void cg_refusal_ended(struct cg_state *state, const struct cg_conn *conn);

#endif
