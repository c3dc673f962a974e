/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files of a folder that belong together and change in one moment:
 *
 *   FOLDER/privkey.pem -> .certguard/current/privkey.pem, and so for each file
 *   FOLDER/.certguard/current -> 0007, the folder that holds them; 0006 is kept until the next change, for a reader
 *                                that is on its way
 *
 * The rename of "current" is the change. Plain files that stand in the place of links are first taken over as they are,
 * so that a reader sees the same bytes until that rename; killed at any point, all files are the old ones or the new ones.
 * Where the file system has no symbolic links, the files are replaced one by one, in their order.
 * The folder may belong to a user who plants things in it (folder.h): only regular files of the folder's owner, or of the
 * user that owns what is put there, are taken over; what else stands there is replaced and not read.
 * The caller owns files and bytes; one writer at a time. Called by deploy. */
#ifndef CG_FILE_SET_H
#define CG_FILE_SET_H

#include "base/atomic_write.h"
#include "folder.h"

struct cg_set_file {
    const char *name; /* in the folder */
    struct cg_bytes bytes;
    struct cg_owner owner; /* without a user: as the file that is replaced, else as the folder */
};

/* Do readers find these files, with owner and mode? Links or not. */
bool cg_file_set_is_there(const struct cg_folder *folder, const struct cg_set_file *files, size_t count);

/* Untouched when they are there: whoever watches the folder would take them up again. */
bool cg_file_set_put(const struct cg_folder *folder, const struct cg_set_file *files, size_t count,
                     struct cg_error *err);

/* One file that stands for itself, without a link. */
bool cg_file_set_put_plain(const struct cg_folder *folder, const struct cg_set_file *file, struct cg_error *err);

/* May a file like this be copied into the place of file? */
bool cg_file_set_may_take(const struct cg_folder *folder, const struct cg_set_file *file, const struct stat *st);

#endif
