/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The write rule: a reader sees the old file or the new one, whatever happens in between.
 * Temporary file in the same folder, O_EXCL 0600, write, owner and mode, fsync, read again and compare, rename,
 * fsync of the folder. Nothing is owned. Called by the CA's transactions and by deploy, backup and output files. */
#ifndef CG_ATOMIC_WRITE_H
#define CG_ATOMIC_WRITE_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cg_owner {
    uid_t uid;   /* (uid_t)-1: leave */
    gid_t gid;   /* (gid_t)-1: leave */
    mode_t mode; /* 0: 0600 */
};

/* A new file that must not exist: O_EXCL, written, owner and mode set, fsynced when sync is set, compared. Removed
 * again on failure. owner may be NULL. */
bool cg_write_new(const char *path, const void *data, size_t len, const struct cg_owner *owner, bool sync,
                  struct cg_error *err);

/* The whole rule. owner NULL: that of the file that is replaced, else ours and 0600. */
bool cg_write_replace(const char *path, const void *data, size_t len, const struct cg_owner *owner,
                      struct cg_error *err);

/* The same in a folder that is held open: the name is what stands behind the last / of path, which is for messages. */
bool cg_write_new_at(int folder, const char *path, const void *data, size_t len, const struct cg_owner *owner,
                     bool sync, struct cg_error *err);
bool cg_write_replace_at(int folder, const char *path, const void *data, size_t len, const struct cg_owner *owner,
                         struct cg_error *err);

bool cg_sync_fd(int fd, const char *path, struct cg_error *err);           /* path: for messages */
bool cg_sync_path(const char *path, struct cg_error *err);                 /* fsync of a file or folder */
bool cg_sync_parent(const char *path, struct cg_error *err);               /* of the folder that holds path */
bool cg_make_folders(const char *path, mode_t mode, struct cg_error *err); /* mkdir -p */

#endif
