/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Failures of file systems that lack what a CA's folder needs, such as those of USB sticks and network shares. Nothing is
 * owned. Called by the store. */
#ifndef CG_TOOLS_BASE_FILESYSTEM_H
#define CG_TOOLS_BASE_FILESYSTEM_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum cg_filesystem_need { CG_NEEDS_LINKS = 0, CG_NEEDS_MODES, CG_NEEDS_LOCKS };

/* As cg_fail_errno. If errno says that the file system of dir does not support this, the error names the file system and
 * what to do. */
bool cg_fail_filesystem(struct cg_error *err, const char *action, const char *object, const char *dir,
                        enum cg_filesystem_need need);

/* The same with an errno and a type of statfs(2). */
bool cg_fail_unsupported(struct cg_error *err, const char *action, const char *object, int number, uint32_t type,
                         enum cg_filesystem_need need);

/* The name of the file system of dir and the fix, as ". The file system (vfat) ...", if it keeps no modes; else "". */
const char *cg_filesystem_without_modes(const char *dir);

#endif
