/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Paths of folders where files are deployed or written: which of them are the same folder. Nothing is owned. Called by target
 * and the verbs. */
#ifndef CG_TARGET_PATH_H
#define CG_TARGET_PATH_H

#include "core/base/error.h"

#include <limits.h>
#include <stdbool.h>

/* Without slashes at the end. Absolute, since a timer runs in another working folder. */
bool cg_path_absolute(const char *path, char out[PATH_MAX], struct cg_error *err);

/* Resolves links and "..", also if the last parts of the path do not exist yet. */
void cg_path_resolve(const char *path, char out[PATH_MAX]);

bool cg_path_is_same(const char *one, const char *other);
bool cg_path_is_below(const char *folder, const char *above); /* of resolved paths; also the same */

/* False, with the reason, if a file that the user names for output is in the CA's folder: it could replace a key or the
 * index. */
bool cg_path_is_outside(const char *file, const char *ca, struct cg_error *err);

#endif
