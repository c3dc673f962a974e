/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Handshakes that are not complete: their deadline and the limit on their number. Chooses which ones must be
 * aborted, and sets the reason; the caller aborts them. Those whose peers wait for the broker stay, up to a much
 * higher limit. Called by handshake.c, outcome.c and hook.c on the main
 * thread. */
#ifndef CG_TLS_HALFOPEN_H
#define CG_TLS_HALFOPEN_H

#include "conn.h"

#include <stdint.h>

/* seed: a random number, so that peers cannot know which of them share a bucket. */
void cg_half_open_begin(uint32_t seed);

/* Returns the handshake that must be aborted to make room, with its reason set; it may be this one. NULL: there is
 * room. */
struct cg_conn *cg_half_open_add(struct cg_conn *conn);
void cg_half_open_remove(struct cg_conn *conn); /* does nothing if it is not in the list */

/* For a loop over all: the one that began first, and the one after it; NULL: no more. Get the next one before
 * aborting this one. */
struct cg_conn *cg_half_open_oldest(void);
struct cg_conn *cg_half_open_newer(const struct cg_conn *conn);

/* The ms until its deadline. 0 or less: the deadline has passed and the handshake must be aborted; its reason is
 * set. */
int64_t cg_half_open_left(struct cg_conn *conn, int64_t now_ms);

#endif
