/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks the broker's listeners at the first poll, since the broker creates them after it loads plugins. Main thread only.
 * Called by housekeeping.c. */
#ifndef CG_LISTENER_CHECKS_H
#define CG_LISTENER_CHECKS_H

#include "state.h"

/* To be called once, when the listeners exist. Ends the broker if no listener accepts its own certificate. Warns of settings
 * without effect, and of an own certificate that breaks an audited rule. */
void cg_listener_checks(struct cg_state *state);

#endif
