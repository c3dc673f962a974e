/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A folder that may belong to another user, who may change anything in it at any moment: held open, and all below it is
 * reached from there, never through a link that this user could have planted. Root reads and writes in such folders.
 * The caller owns struct and bytes. Called by deploy and file_set. */
#ifndef CG_FOLDER_H
#define CG_FOLDER_H

#include "core/file/file.h"

#include <sys/stat.h>

/* Links of ours go from FOLDER/FILE to .certguard/current/FILE, and from "current" to a number (file_set.h). */
#define CG_FOLDER_STORE ".certguard"

struct cg_folder {
    int fd; /* -1: closed */
    const char *path;
    struct stat look;
};

/* make: the parts that are missing too, each with the owner of the one above. False where a part of the path is a link
 * that somebody else than root or our user could have put there. path is borrowed. */
bool cg_folder_open(struct cg_folder *folder, const char *path, bool make, struct cg_error *err);
void cg_folder_close(struct cg_folder *folder);

/* A folder in the folder at, made when it is missing, open to those who may enter the one above, whatever the umask, and
 * with its owner; -1: errno. made may be NULL. */
int cg_folder_below(int at, const char *name, const struct stat *above, bool *made);

/* Is FOLDER/NAME a link of ours? */
bool cg_folder_has_link(const struct cg_folder *folder, const char *name);

/* A regular file, or the one behind a link of ours; *st is filled. False: there is none, or it cannot be read. */
bool cg_folder_read(const struct cg_folder *folder, const char *name, size_t limit, struct cg_bytes *out,
                    struct stat *st);

/* Of the same file; false: there is none. */
bool cg_folder_look(const struct cg_folder *folder, const char *name, struct stat *st);

/* The number that "current" in the folder store is a link to, as a name; false: it is none. */
bool cg_folder_current(int store, char out[16]);

#endif
