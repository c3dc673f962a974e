/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the TLS hook asks and tells, turned into events. The handlers borrow state as their context.
 * Called by lifecycle.c (installing) and the hook. */
#ifndef CG_HANDSHAKE_H
#define CG_HANDSHAKE_H

#include "state.h"

#include "tls/hook.h"

struct cg_hook_handlers cg_handshake_handlers(struct cg_state *state);

#endif
