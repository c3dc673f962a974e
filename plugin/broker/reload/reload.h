/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The thread that watches the files of the policy and builds a new snapshot beside the one that serves. It knows
 * neither the broker's API nor its SSL objects; the main thread takes what is ready and swaps a pointer.
 * Owned by the plugin's state. */
#ifndef CG_RELOAD_H
#define CG_RELOAD_H

#include "core/base/error.h"
#include "core/file/file_state.h"
#include "core/snapshot_load.h"

struct cg_reload;

/* What one look at the files saw, beside the last load. */
struct cg_reload_look {
    bool changed;   /* the files are not what was loaded */
    bool steady;    /* and are what the look before saw: nobody writes just now */
    bool requested; /* somebody asked */
    bool failed;    /* the last load could not take everything */
    int64_t failed_for_ms;
};

/* Load now? What is still being written waits, unless somebody asked. */
bool cg_reload_is_due(const struct cg_reload_look *look);

/* source is copied. serving: the snapshot in use. seen: the stamps of its load; taken over, left empty. faults: what that
 * load left to be tried again; taken over, left empty. */
struct cg_reload *cg_reload_start(const struct cg_snapshot_source *source, struct cg_snapshot *serving,
                                  struct cg_file_states *seen, struct cg_faults *faults, struct cg_error *err);
void cg_reload_stop(struct cg_reload *reload); /* waits for a load that is under way; NULL is fine */

/* Main thread, from the tick; never waits for a load. The caller's reference, every credential in it proven; NULL: nothing
 * is new. */
struct cg_snapshot *cg_reload_take(struct cg_reload *reload);

/* What the files hold and must not be used, so that its parts stay what they were: told when it has been so for a second,
 * and again when that changes. True: *kept is the whole list as of now, the caller's; empty: all is well. */
bool cg_reload_take_kept(struct cg_reload *reload, struct cg_faults *kept);

/* The file of CRL numbers was not there and was made: once each time. */
bool cg_reload_take_created(struct cg_reload *reload);

/* Is there something to take? Any thread. */
bool cg_reload_has_result(struct cg_reload *reload);

/* Hands over a snapshot that was replaced: freeing an index of millions of entries takes time, so the thread does it
 * as soon as nobody else uses it. */
void cg_reload_retire(struct cg_reload *reload, struct cg_snapshot *old);

/* Looks at the files at once (SIGHUP). */
void cg_reload_request(struct cg_reload *reload);

#endif
