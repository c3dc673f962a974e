/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Handshakes that are not done yet: the deadline, and the bound on their number. Says which ones are to be cut, and why; the
 * caller cuts them. Called by handshake.c, outcome.c and hook.c, on the main thread. */
#ifndef CG_TLS_HALFOPEN_H
#define CG_TLS_HALFOPEN_H

#include "conn.h"

#include <stdint.h>

/* seed: random, of this process, so that nobody outside knows which peers share a bucket. */
void cg_half_open_begin(uint32_t seed);

/* Returns which one has to be cut to make room, its reason set; it may be this one. NULL: there is room. */
struct cg_conn *cg_half_open_add(struct cg_conn *conn);
void cg_half_open_remove(struct cg_conn *conn); /* fine where it is not in the list */

/* For a pass over all of them: the one that began first, and the one after it; NULL: no more. Ask for the next one before this
 * one is cut. */
struct cg_conn *cg_half_open_oldest(void);
struct cg_conn *cg_half_open_newer(const struct cg_conn *conn);

/* The ms until its deadline. 0 or less: it is past it and has to be cut, its reason set. */
int64_t cg_half_open_left(struct cg_conn *conn, int64_t now_ms);

#endif
