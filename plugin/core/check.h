/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The verdict function: the one answer that the handshake, live sessions, the tool and every test get.
 * Pure: no clock, no files, no globals; everything it reads comes in, everything it says goes out.
 * The caller owns all inputs; nothing is kept after return but references held by verdict->path. */
#ifndef CG_CHECK_H
#define CG_CHECK_H

#include "core/path/check_input.h"
#include "core/path/verdict.h"

/* Fills *out whatever happens (it is cleared first). Bounded: chain count and bytes before any work that
 * grows with them, CG_PATHS_MAX candidate paths. Leaves the OpenSSL error queue as it found it. */
void cg_check(const struct cg_check_input *in, struct cg_verdict *out);

#endif
