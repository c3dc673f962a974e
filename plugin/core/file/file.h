/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The only reader of files: with a limit on the size, and errors that contain the fix. The caller owns the bytes.
 * Called by the loaders of policy, trust, CRLs and credentials, and by the tool. */
#ifndef CG_FILE_H
#define CG_FILE_H

#include "core/base/error.h"
#include "file_kind.h"
#include "file_path.h"
#include "user.h"

#include <stdbool.h>
#include <stddef.h>

struct cg_bytes {
    unsigned char *data; /* malloc'ed; a NUL byte follows, not counted in len */
    size_t len;
};

/* Reads a regular file completely. Fails (false, *out zeroed) if it is missing, not regular, larger than limit bytes,
 * unreadable, or changed while it was read. If it is unreadable, the error names the user and the commands that help.
 * Root can run these commands in sh. They give access to our user only, and keep the access of others. If no command
 * fits, the error describes the choice. */
bool cg_file_read(const char *path, enum cg_file_kind kind, size_t limit, struct cg_bytes *out, struct cg_error *err);

void cg_bytes_free(struct cg_bytes *bytes);
void cg_bytes_wipe(struct cg_bytes *bytes); /* OPENSSL_cleanse, then free */

/* Calls visit for the files of a folder whose names end in one of suffixes (NULL-terminated) and do not start with a
 * dot, sorted by name. Stops at the first false and returns it. path is borrowed. */
typedef bool cg_file_visit_fn(void *context, const char *path, struct cg_error *err);
bool cg_folder_visit(const char *folder, const char *const *suffixes, cg_file_visit_fn *visit, void *context,
                     struct cg_error *err);

#endif
