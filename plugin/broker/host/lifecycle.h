/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* From the first plugin line of the broker's configuration to the last: one hook, one state, however many lines there are
 * (per_listener_settings). Counted: each line opens and closes it.
 * Main thread only. Called by plugin.c. */
#ifndef CG_LIFECYCLE_H
#define CG_LIFECYCLE_H

#include "options.h"
#include "state.h"

/* The first call loads the snapshot, opens the log and installs the hook; later ones must have the same options.
 * NULL and *err: the broker must not start. */
struct cg_state *cg_lifecycle_open(const struct cg_options *options, const struct cg_state_ops *ops,
                                   struct cg_error *err);
void cg_lifecycle_close(struct cg_state *state); /* the last one undoes everything; NULL is fine */

/* More than one line has it open. */
bool cg_lifecycle_is_shared(void);

#endif
