/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What files looked like just before they were read, to see later that one has changed. A look is one stat() a file,
 * through symbolic links: so a rename over the file, a swapped link, a rewrite in place, a folder that appears or is
 * replaced, and a file system that sends no notifications are all the same case.
 * The caller owns the list. Filled by the snapshot's loaders, compared by the thread that watches. */
#ifndef CG_FILE_STATE_H
#define CG_FILE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cg_file_state {
    char *path; /* owned */
    bool present;
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t modified_ns, changed_ns; /* mtime and ctime; of a folder they change with its entries */
};

struct cg_file_states {
    struct cg_file_state *item;
    size_t count;
};

/* One file alone, without its path; a missing one is not present. */
void cg_file_state_look(const char *path, struct cg_file_state *out);
bool cg_file_state_same(const struct cg_file_state *a, const struct cg_file_state *b); /* paths are not compared */

/* Stamps path now; call it before reading. A path that is in the list already keeps its first stamp.
 * A missing file is stamped too: it differs once it appears. False without memory. */
bool cg_file_states_add(struct cg_file_states *file_states, const char *path);

/* Adds one that was made elsewhere, with its path. False without memory. */
bool cg_file_states_copy(struct cg_file_states *file_states, const struct cg_file_state *file_state);

/* Gives a path of the list another stamp: what was written by us is no change. */
void cg_file_states_replace(struct cg_file_states *file_states, const char *path,
                            const struct cg_file_state *file_state);

/* One number for the present state of all files: equal as long as nothing changes. Never 0. */
uint64_t cg_file_states_now(const struct cg_file_states *file_states);

/* The same number for the state when they were stamped. */
uint64_t cg_file_states_then(const struct cg_file_states *file_states);

/* The same paths with the same stamps? Then what was read from them may be used again. */
bool cg_file_states_equal(const struct cg_file_states *a, const struct cg_file_states *b);

void cg_file_states_clear(struct cg_file_states *file_states);

#endif
