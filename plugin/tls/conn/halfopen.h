/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Handshakes that are not complete: their deadline and the limit on their number. Chooses which ones must be aborted,
 * sets their reason and passes them to the caller's function. Those whose peers wait for the broker stay, up to a much
 * higher limit. What a connection or a tick costs here does not depend on the number of handshakes. Called by
 * handshake.c, outcome.c and hook.c on the main thread. */
#ifndef CG_TLS_HALFOPEN_H
#define CG_TLS_HALFOPEN_H

#include "conn.h"

#include <stdint.h>

/* seed: a random number, so that peers cannot know which of them share a bucket. */
void cg_half_open_begin(uint32_t seed);

/* Aborts a handshake, which removes it. */
typedef void (*cg_half_open_abort)(struct cg_conn *conn);

/* Aborts handshakes to make room; this one may be among them. */
void cg_half_open_add(struct cg_conn *conn, cg_half_open_abort abort);
void cg_half_open_policy_changed(
    const struct cg_conn *conn);                /* its deadline may be another; also if it is not in the list */
void cg_half_open_remove(struct cg_conn *conn); /* does nothing if it is not in the list */

/* Aborts those whose deadline has passed, at most 100 ms later. Returns the ms until the next deadline; -1: none. */
int64_t cg_half_open_abort_overdue(cg_half_open_abort abort);

#endif
