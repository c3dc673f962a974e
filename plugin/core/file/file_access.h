/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whether a file or folder may be read and is safe to use; if not, the reason and the fix. Stateless. Called by
 * file.c, the reader of CRL numbers, the broker layer and the tool. */
#ifndef CG_FILE_ACCESS_H
#define CG_FILE_ACCESS_H

#include "core/base/error.h"
#include "file_kind.h"

#include <stdbool.h>
#include <sys/stat.h>

/* For a file that could not be opened, with this errno: names the missing part of the path, or the missing
 * permission. */
void cg_access_explain(const char *path, int error, enum cg_file_kind kind, struct cg_error *err);

void cg_access_explain_folder(const char *path, struct cg_error *err); /* a folder that could not be listed: EACCES */

/* False if others can read a private key, or write a file of ours. *err contains the fix. */
bool cg_access_is_private(const char *path, const struct stat *st, struct cg_error *err);
bool cg_access_is_ours(const char *path, const struct stat *st, struct cg_error *err);

/* True for a folder of ours or of root in which nobody else may create or change a file. Otherwise, *err contains the
 * fix. */
bool cg_folder_is_safe(const char *path, struct cg_error *err);

#endif
