/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The reload thread: it watches the policy's files and builds new snapshots while the current one stays in use. It uses neither
 * the broker's API nor its SSL objects; the main thread takes the results. Owned by the plugin's state. */
#ifndef CG_RELOAD_H
#define CG_RELOAD_H

#include "core/base/error.h"
#include "core/file/file_state.h"
#include "core/snapshot_load.h"

struct cg_reload;

/* Result of one check of the files. */
struct cg_reload_check {
    bool changed;   /* since the last load */
    bool replaced;  /* each changed file at once, so that it is complete */
    bool steady;    /* unchanged for some time: nothing is being written */
    bool requested; /* by SIGHUP or an administrator */
    bool failed;    /* the last load kept a part's previous version */
    int64_t failed_for_ms;
};

/* Whether to load now. Files that are still being written wait, unless a load was requested. */
bool cg_reload_is_due(const struct cg_reload_check *check);

/* Borrows the strings of source until cg_reload_stop(). current: the snapshot in use. seen: the file states of its load. faults: the faults of its load, to be
 * retried. Takes over the content of seen and faults. NULL and *err on failure. */
struct cg_reload *cg_reload_start(const struct cg_snapshot_source *source, struct cg_snapshot *current,
                                  struct cg_file_states *seen, struct cg_faults *faults, struct cg_error *err);
void cg_reload_stop(struct cg_reload *reload); /* waits for a load in progress; accepts NULL */

/* The new snapshot, with a reference for the caller; NULL: none. All its credentials have been tested. Main thread; never
 * waits for a load. */
struct cg_snapshot *cg_reload_take(struct cg_reload *reload);

/* The parts whose files cannot be used, so that they keep their previous version. True after the list has changed and has been
 * stable for a second: *kept is the complete list, owned by the caller; empty: no faults. */
bool cg_reload_take_kept(struct cg_reload *reload, struct cg_faults *kept);

/* True once after the file of CRL numbers was missing and has been created. */
bool cg_reload_take_created(struct cg_reload *reload);

/* Whether one of the three functions above has a result. Any thread. */
bool cg_reload_has_result(struct cg_reload *reload);

/* Hands over a replaced snapshot, which the thread frees once it is unused: freeing an index of millions of entries takes
 * time. */
void cg_reload_retire(struct cg_reload *reload, struct cg_snapshot *old);

/* Requests a check of the files at once. */
void cg_reload_request(struct cg_reload *reload);

#endif
