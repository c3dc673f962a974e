/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Warns of clients that certguard accepted but the broker refused: while rules are audited, an administrator expects none.
 * Owns nothing. Called by handshake.c; main thread only. */
#ifndef CG_REFUSAL_H
#define CG_REFUSAL_H

#include "state.h"

#include "tls/conn/conn.h"

/* To be called when a TLS connection ends, before its claim is released. Warns, once per snapshot, if the broker refused the
 * client because of its user name and its listener has an audited rule. */
void cg_refusal_ended(struct cg_state *state, const struct cg_conn *conn);

#endif
