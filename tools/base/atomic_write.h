/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The write rule: a reader sees the old file or the new one, even after a crash.
 * Temporary file in the same folder, O_EXCL 0600, write, owner and mode, fsync, read back and compare, rename,
 * fsync of the folder. Nothing is owned. Called by the CA's transactions and by deploy, backup and output files. */
#ifndef CG_ATOMIC_WRITE_H
#define CG_ATOMIC_WRITE_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cg_owner {
    uid_t uid;   /* (uid_t)-1: unchanged */
    gid_t gid;   /* (gid_t)-1: unchanged */
    mode_t mode; /* 0: 0600 */
};

/* A new file, which must not exist; fsynced if sync is set, and removed on failure. owner may be NULL. */
bool cg_write_new(const char *path, const void *data, size_t len, const struct cg_owner *owner, bool sync,
                  struct cg_error *err);

/* The whole rule. owner NULL: that of the replaced file, else the caller's and 0600. */
bool cg_write_replace(const char *path, const void *data, size_t len, const struct cg_owner *owner,
                      struct cg_error *err);

/* The same in an open folder: the name is the last part of path, which is used in messages. */
bool cg_write_new_at(int folder, const char *path, const void *data, size_t len, const struct cg_owner *owner,
                     bool sync, struct cg_error *err);
bool cg_write_replace_at(int folder, const char *path, const void *data, size_t len, const struct cg_owner *owner,
                         struct cg_error *err);

bool cg_sync_fd(int fd, const char *path, struct cg_error *err);           /* path: for messages */
bool cg_sync_path(const char *path, struct cg_error *err);                 /* fsync of a file or folder */
bool cg_sync_parent(const char *path, struct cg_error *err);               /* of the folder that holds path */
bool cg_make_folders(const char *path, mode_t mode, struct cg_error *err); /* mkdir -p */

#endif
