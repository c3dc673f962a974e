/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whether a file or folder may be read and is safe to use, and, where not, why and what to do. Files are read with file.h. */
#ifndef CG_FILE_ACCESS_H
#define CG_FILE_ACCESS_H

#include "core/base/error.h"
#include "file_kind.h"

#include <stdbool.h>
#include <sys/stat.h>

/* It could not be opened, with this errno: where the path ends, or who stops us. */
void cg_access_explain(const char *path, int error, enum cg_file_kind kind, struct cg_error *err);

void cg_access_explain_folder(const char *path, struct cg_error *err); /* it could not be listed: EACCES */

/* False: others can read a private key, or write what is ours alone. *err says the fix. */
bool cg_access_is_private(const char *path, const struct stat *st, struct cg_error *err);
bool cg_access_is_ours(const char *path, const struct stat *st, struct cg_error *err);

/* A folder of ours or of root, in which nobody else may put or change a file. False: *err says the fix. */
bool cg_folder_is_safe(const char *path, struct cg_error *err);

#endif
