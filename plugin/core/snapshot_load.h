/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Loads a snapshot from files. At start, it is loaded completely or not at all. Later, each part is loaded
 * separately: a part that is invalid, partly written or missing keeps its previous state and does not delay the
 * others. Called by broker and the tool. */
#ifndef CG_SNAPSHOT_LOAD_H
#define CG_SNAPSHOT_LOAD_H

#include "core/base/error.h"
#include "core/base/faults.h"
#include "core/file/file_state.h"
#include "snapshot.h"
#include "snapshot_source.h"

#include <stdint.h>

/* Loads everything and runs cg_check (purpose server) on each credential; an enforced rule fails the load. Nothing
 * else depends on the time, so a clock that is not set yet fails nothing if source->hold is set.
 * On the first fault, returns NULL and sets *err and *fault: a reason of CG_KIND_FILE, or the rule that a credential
 * breaks. fault and preflight may be NULL. watched may be NULL; otherwise it gets the state of every file and folder
 * that was tried, also on failure: these are the files to watch. The caller clears it. */
struct cg_snapshot *cg_snapshot_load(const struct cg_snapshot_source *source,
                                     const struct cg_snapshot_preflight *preflight, int64_t now,
                                     struct cg_file_states *watched, enum cg_reason *fault, struct cg_error *err);

/* Loads a snapshot that replaces previous, part by part: the policy with the certificates of trust that it names,
 * otherwise these certificates alone; each CRL; each credential; the statements about roots. Unchanged parts are shared. *faults gets each part
 * that keeps its previous state because its files are invalid. It also gets a credential in use that the new trust or
 * policy refuses; that credential is still served, since clients would be worse off without it.
 * NULL if nothing is new, or without memory (which is a fault). */
struct cg_snapshot *cg_snapshot_reload(const struct cg_snapshot_source *source,
                                       const struct cg_snapshot_preflight *preflight,
                                       const struct cg_snapshot *previous, int64_t now, struct cg_file_states *watched,
                                       struct cg_faults *faults);

#endif
