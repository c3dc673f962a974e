/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Looks at what the broker's configuration made of its listeners: they come after plugins are loaded, so the first pulse is the
 * first chance. Main thread only. Called by housekeeping.c. */
#ifndef CG_LISTENER_CHECKS_H
#define CG_LISTENER_CHECKS_H

#include "state.h"

/* Once the listeners exist. Ends the broker where none of them could serve anybody; warns of what has no effect, or would
 * be refused if its rule were enforced. */
void cg_listener_checks(struct cg_state *state);

#endif
