/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A writer of tar archives (POSIX ustar): folders, files, symbolic links. Called by backup.
 * The caller owns the stream. */
#ifndef CG_TAR_H
#define CG_TAR_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Everything below folder, under the name prefix/ in the archive. skip: NULL-terminated names at the top that are left
 * out. *files counts. */
bool cg_tar_folder(FILE *out, const char *folder, const char *prefix, const char *const *skip, size_t *files,
                   struct cg_error *err);
bool cg_tar_end(FILE *out);

#endif
