/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The lifetime of the hook and the state. There is one of each per process, even if the broker's configuration has several
 * plugin lines (per_listener_settings). Each line opens and closes it. Main thread only. Called by plugin.c. */
#ifndef CG_LIFECYCLE_H
#define CG_LIFECYCLE_H

#include "options.h"
#include "state.h"

/* The first call loads the snapshot, opens the log and installs the hook. Later calls must have the same options. Takes
 * over the strings of options or leaves them; the caller clears options. NULL and *err: the broker must not start. */
struct cg_state *cg_lifecycle_open(struct cg_options *options, const struct cg_state_ops *ops, struct cg_error *err);
void cg_lifecycle_close(struct cg_state *state); /* the last call frees everything; accepts NULL */

/* Whether more than one line has it open. */
bool cg_lifecycle_is_shared(void);

#endif
