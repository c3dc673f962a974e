/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The state of one load, shared by its parts. Private to snapshot_load.c, snapshot_trust.c,
 * snapshot_credentials.c and snapshot_statements.c. */
#ifndef CG_SNAPSHOT_LOADING_H
#define CG_SNAPSHOT_LOADING_H

#include "core/base/error.h"
#include "core/base/faults.h"
#include "core/file/file_state.h"
#include "snapshot.h"
#include "snapshot_source.h"

#include <stdbool.h>
#include <stdint.h>

/* Inputs, results and the current fault. */
struct cg_loading {
    const struct cg_snapshot_source *source;
    const struct cg_snapshot_preflight *preflight;
    const struct cg_snapshot *previous; /* NULL at start: the first fault ends the load */
    struct cg_snapshot *snapshot;
    struct cg_file_states *watched; /* may be NULL */
    int64_t now;
    struct cg_faults *faults; /* NULL at start */
    enum cg_reason stage;     /* the reason for a fault of the current part */
    enum cg_reason rule;      /* the rule broken by the credential that ended the load, or CG_REASON_UNSET */
    struct cg_error err;      /* fault of the current part */
    uint64_t key;             /* as in struct cg_fault */
};

/* Each returns false if the load ends, with stage and err set. */
bool cg_loading_no_memory(struct cg_loading *loading);               /* always false */
bool cg_loading_watch(struct cg_loading *loading, const char *path); /* NULL is fine */
bool cg_loading_watch_all(struct cg_loading *loading, const struct cg_file_states *file_states);
bool cg_loading_keep_previous(
    struct cg_loading *loading); /* lists the fault of a part that keeps its previous state; false if there is none */

#endif
