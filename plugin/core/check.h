/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The verdict function: the only one that the handshake, live sessions, the tool and all tests call.
 * Pure: no clock, no files, no globals. Any thread.
 * The caller owns all inputs; after the return nothing is kept except the references in verdict->path. */
#ifndef CG_CHECK_H
#define CG_CHECK_H

#include "core/path/check_input.h"
#include "core/path/verdict.h"

/* Clears *out, then fills it in every case. The work is bounded: the number and bytes of the certificates are
 * checked before any work that grows with them, and at most CG_PATHS_MAX candidate paths are tried. The OpenSSL
 * error queue stays unchanged. */
void cg_check(const struct cg_check_input *in, struct cg_verdict *out);

#endif
