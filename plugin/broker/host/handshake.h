/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The handlers of the TLS hook: they report handshakes as events and pass connections to the parts of the state. They borrow
 * state as their context. Called by lifecycle.c (to install them) and the hook. */
#ifndef CG_HANDSHAKE_H
#define CG_HANDSHAKE_H

#include "state.h"

#include "tls/hook.h"

struct cg_hook_handlers cg_handshake_handlers(struct cg_state *state);

#endif
