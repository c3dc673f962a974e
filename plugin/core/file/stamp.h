/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What files looked like just before they were read, to see later that one has changed. A look is one stat() a file,
 * through symbolic links: so a rename over the file, a swapped link, a rewrite in place, a folder that appears or is
 * replaced, and a file system that sends no notifications are all the same case.
 * The caller owns the list. Filled by the snapshot's loaders, compared by the thread that watches. */
#ifndef CG_STAMP_H
#define CG_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cg_stamp {
    char *path; /* owned */
    bool present;
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t modified_ns, changed_ns; /* mtime and ctime; of a folder they change with its entries */
};

struct cg_stamps {
    struct cg_stamp *item;
    size_t count;
};

/* One file alone, without its path; a missing one is not present. */
void cg_stamp_look(const char *path, struct cg_stamp *out);
bool cg_stamp_same(const struct cg_stamp *a, const struct cg_stamp *b); /* paths are not compared */

/* Stamps path now; call it before reading. A path that is in the list already keeps its first stamp.
 * A missing file is stamped too: it differs once it appears. False without memory. */
bool cg_stamps_add(struct cg_stamps *stamps, const char *path);

/* Adds one that was made elsewhere, with its path. False without memory. */
bool cg_stamps_copy(struct cg_stamps *stamps, const struct cg_stamp *stamp);

/* Gives a path of the list another stamp: what was written by us is no change. */
void cg_stamps_replace(struct cg_stamps *stamps, const char *path, const struct cg_stamp *stamp);

/* One number for the present state of all files: equal as long as nothing changes. Never 0. */
uint64_t cg_stamps_now(const struct cg_stamps *stamps);

/* The same number for the state when they were stamped. */
uint64_t cg_stamps_then(const struct cg_stamps *stamps);

/* The same paths with the same stamps? Then what was read from them may be used again. */
bool cg_stamps_equal(const struct cg_stamps *a, const struct cg_stamps *b);

void cg_stamps_clear(struct cg_stamps *stamps);

#endif
