/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files of a folder that belong together and change atomically:
 *
 *   FOLDER/privkey.pem -> .certguard/current/privkey.pem, and likewise for each file
 *   FOLDER/.certguard/current -> 0007, the folder with the files; 0006 is kept until the next change, for a reader that
 *                                has already resolved the link
 *
 * The rename of "current" is the change. Plain files in place of links are first copied to a generation and replaced with
 * links, so that a reader sees the same bytes until that rename; killed at any point, all files are old or all are new.
 * If the file system has no symbolic links, the files are replaced one by one, in their order.
 * The folder may belong to a user who plants files in it (folder.h): only regular files of the folder's owner, or of the
 * owner of the new file, are copied; anything else is replaced without being read.
 * The caller owns files and bytes; one writer at a time. Called by deploy, and for devices. */
#ifndef CG_FILE_SET_H
#define CG_FILE_SET_H

#include "base/atomic_write.h"
#include "folder.h"

struct cg_set_file {
    const char *name; /* in the folder */
    struct cg_bytes bytes;
    struct cg_owner owner; /* without a user: that of the replaced file, else of the folder */
};

/* True if readers find these files, with owner and mode, behind links or not. */
bool cg_file_set_is_there(const struct cg_folder *folder, const struct cg_set_file *files, size_t count);

/* Changes nothing if they are there: a broker that watches the folder would reload. */
bool cg_file_set_put(const struct cg_folder *folder, const struct cg_set_file *files, size_t count,
                     struct cg_error *err);

/* One file without a link. */
bool cg_file_set_put_plain(const struct cg_folder *folder, const struct cg_set_file *file, struct cg_error *err);

/* Removes the previous files before the next change. */
void cg_file_set_tidy(const struct cg_folder *folder);

/* True if a file with this state may be copied as file. */
bool cg_file_set_may_copy(const struct cg_folder *folder, const struct cg_set_file *file, const struct stat *st);

#endif
