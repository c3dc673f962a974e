/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The state of files just before they were read, to notice changes later. It comes from one stat() per file, through
 * symbolic links. So a rename over the file, a changed link, a rewrite in place, a folder that appears or is
 * replaced, and a file system without notifications all look the same. The caller owns the list. Filled by the
 * loaders of snapshots, compared by the thread that watches files. */
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
    int64_t modified_ns, changed_ns; /* mtime and ctime; those of a folder change with its entries */
};

struct cg_file_states {
    struct cg_file_state *item;
    size_t count;
};

/* One file, without its path; present is false if it is missing. */
void cg_file_state_read(const char *path, struct cg_file_state *out);
bool cg_file_state_same(const struct cg_file_state *a, const struct cg_file_state *b); /* paths are not compared */

/* Records the current state of path. Call it before reading. A path that is already in the list keeps its first
 * state. A missing file is recorded too, so it differs once it appears. False without memory. */
bool cg_file_states_add(struct cg_file_states *file_states, const char *path);

/* Adds a state from another list, with its path. False without memory. */
bool cg_file_states_copy(struct cg_file_states *file_states, const struct cg_file_state *file_state);

/* Replaces the state of a path in the list: what we wrote ourselves is no change. */
void cg_file_states_replace(struct cg_file_states *file_states, const char *path,
                            const struct cg_file_state *file_state);

/* A number for the current state of all files: it stays equal as long as nothing changes. Never 0. */
uint64_t cg_file_states_current_hash(const struct cg_file_states *file_states);

/* The same number for the recorded states. */
uint64_t cg_file_states_recorded_hash(const struct cg_file_states *file_states);

/* The same paths with the same states? Then what was read from them can be reused. */
bool cg_file_states_equal(const struct cg_file_states *a, const struct cg_file_states *b);

void cg_file_states_clear(struct cg_file_states *file_states);

#endif
