/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A folder that may belong to another user, who may change anything in it at any time. It is held open, and everything below
 * it is reached from there, never through a link that this user could have planted: root writes in such folders.
 * The caller owns struct and bytes. Called by deploy, target_ca and file_set. */
#ifndef CG_FOLDER_H
#define CG_FOLDER_H

#include "core/file/file.h"

#include <sys/stat.h>

/* Links of ours go from FOLDER/FILE to .certguard/current/FILE, and from "current" to a number (file_set.h). */
#define CG_FOLDER_STORE ".certguard"

struct cg_folder {
    int fd; /* -1: closed */
    const char *path;
    struct stat st;
};

/* make: creates missing parts, each with the owner of its parent. False if a part of the path is a link that anyone but root
 * or our user could have put there. path is borrowed. */
bool cg_folder_open(struct cg_folder *folder, const char *path, bool make, struct cg_error *err);
void cg_folder_close(struct cg_folder *folder);

/* Opens a folder in the folder at, and creates it if it is missing: mode 0755 whatever the umask, and the owner of above.
 * -1: errno. made may be NULL. */
int cg_folder_below(int at, const char *name, const struct stat *above, bool *made);

/* True if FOLDER/NAME is one of our links. */
bool cg_folder_has_link(const struct cg_folder *folder, const char *name);

/* Reads a regular file, or the one behind our link; *st is filled. False: there is none, or it cannot be read. */
bool cg_folder_read(const struct cg_folder *folder, const char *name, size_t limit, struct cg_bytes *out,
                    struct stat *st);

/* The state of that file; false: there is none. */
bool cg_folder_stat(const struct cg_folder *folder, const char *name, struct stat *st);

/* The name of the number that "current" in the folder store links to; false: it is not such a link. */
bool cg_folder_current(int store, char out[16]);

#endif
