/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Waits for changes of files, with inotify(7). It watches the folders in which a path is looked up: that of the file, and those
 * of the symbolic links on the way. Some file systems accept watches and report nothing (NFS, FUSE, the lower layers of an
 * overlay), and a folder further up may be replaced. So events only make a check happen sooner, and the caller also checks
 * regularly.
 * Owned by the reload thread, except for cg_watch_wake(). */
#ifndef CG_WATCH_H
#define CG_WATCH_H

#include "core/base/error.h"
#include "core/file/file_state.h"

struct cg_watch;

/* Watches nothing yet. NULL and *err on failure. If the kernel has no inotify for us, it is not complete. */
struct cg_watch *cg_watch_new(struct cg_error *err);
void cg_watch_free(struct cg_watch *watch); /* accepts NULL */

/* Watches the files of this list, in place of the earlier ones. Nothing is reported as replaced. */
void cg_watch_files(struct cg_watch *watch, const struct cg_file_states *file_states);

/* False: the kernel's limits, or rights on a folder, leave changes that only a check finds. */
bool cg_watch_is_complete(const struct cg_watch *watch);

/* Waits until a watched name changed, then until no more changes for 5 ms. Returns early after cg_watch_wake(), and at the
 * latest after ms, or 100 ms after the first change. True: a file may have changed. */
bool cg_watch_wait(struct cg_watch *watch, int64_t ms);

void cg_watch_wake(struct cg_watch *watch); /* any thread */

/* Whether other folders may lead to the files now: changes in them are reported after cg_watch_files(). */
bool cg_watch_is_moved(const struct cg_watch *watch);

/* Whether the last change of this file of the list was a rename to its name, or a new symbolic link: then it is complete. A file
 * that is written, or was created under its name, may be half-written. */
bool cg_watch_is_replaced(const struct cg_watch *watch, size_t index);

#endif
