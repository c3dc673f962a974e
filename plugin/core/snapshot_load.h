/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes a snapshot of files. At the start it is built whole or not at all. Later each part is taken by itself: what is bad, half
 * written or gone stays what it was, and holds nothing else back. Called by broker and the tool. */
#ifndef CG_SNAPSHOT_LOAD_H
#define CG_SNAPSHOT_LOAD_H

#include "core/base/error.h"
#include "core/base/faults.h"
#include "core/file/file_state.h"
#include "snapshot.h"
#include "snapshot_source.h"

#include <stdint.h>

/* Loads everything and runs cg_check (purpose server) on each credential: rules that are enforced fail it. No other part looks
 * at the time, so that a clock that is not set yet fails nothing where source->hold is set.
 * NULL, *err and *fault (a reason of files, or the rule that a credential breaks; may be NULL) on the first fault.
 * proofs: may be NULL. seen: NULL, or gets a stamp of every file and folder that was tried, on failure too: what to watch.
 * The caller clears it. */
struct cg_snapshot *cg_snapshot_load(const struct cg_snapshot_source *source,
                                     const struct cg_snapshot_preflight *proofs, int64_t now,
                                     struct cg_file_states *seen, enum cg_reason *fault, struct cg_error *err);

/* The same beside one that serves, part by part: the policy together with the certificates of trust that it names; else
 * these certificates by themselves; each CRL; each credential. What has not changed is shared. Each part that stays what
 * it was although its files say otherwise is in *faults, and so is a credential in use that the new trust or policy would
 * not take: it goes on to serve, since clients would be worse off without. NULL: nothing is new (or no memory, which is a
 * fault). */
struct cg_snapshot *cg_snapshot_reload(const struct cg_snapshot_source *source,
                                       const struct cg_snapshot_preflight *proofs, const struct cg_snapshot *previous,
                                       int64_t now, struct cg_file_states *seen, struct cg_faults *faults);

#endif
