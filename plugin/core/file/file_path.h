/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Paths: what exists there, without opening it, and the path as text. Stateless. */
#ifndef CG_FILE_PATH_H
#define CG_FILE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* The path as one word of sh, for the commands in a fix. It is in '...' if it has characters other than letters,
 * digits and _ . / + @ % , : = -, and has ./ before a leading "-". False and "" if it does not fit, or has characters
 * that an error would escape. */
bool cg_file_shell_word(const char *path, char *out, size_t size);

/* Is its file system mounted read-only? For a missing file: that of the nearest existing folder. No command can
 * change a mode there; the text below gives the fix and ends with the number of the group. */
bool cg_file_is_read_only(const char *path);
#define CG_FILE_READ_ONLY_FIX                                                                                          \
    "its file system is mounted read-only, so set its mode at the source. For a Kubernetes secret, set "               \
    "defaultMode: 0440 of the volume and securityContext.fsGroup: %u of the pod"

bool cg_file_is_folder(const char *path);
bool cg_file_is_regular(const char *path); /* or a link to one */

/* True only if it is certainly missing, not if it cannot be examined. */
bool cg_file_is_missing(const char *path);

/* name relative to the folder of the file base, as in a policy; malloc'ed; NULL without memory. */
char *cg_file_relative_to(const char *base, const char *name);

#endif
