/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Paths: what is there, without opening it, and the path as text. Nothing is kept. */
#ifndef CG_FILE_PATH_H
#define CG_FILE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* The path as one word of sh, for the commands in a fix: in '...' where it has other characters than letters, digits and
 * _ . / + @ % , : = -, and with ./ in front of a leading "-". False, and out is "": it does not fit, or has characters that
 * an error cannot show as they are. */
bool cg_file_for_sh(const char *path, char *out, size_t size);

/* Is its file system mounted read-only? Of what is missing, that of the nearest folder on the way to it. No command
 * changes a mode there; the words say what does, and end in the number of the group. */
bool cg_file_is_read_only(const char *path);
#define CG_FILE_READ_ONLY_FIX                                                                                          \
    "its file system is mounted read-only, so its mode is set where it comes from: of a Kubernetes secret by "         \
    "defaultMode: 0440 of the volume and securityContext.fsGroup: %u of the pod"

bool cg_file_is_folder(const char *path);
bool cg_file_is_regular(const char *path); /* a link to one too */

/* For certain: what cannot be looked at may be there. */
bool cg_file_is_missing(const char *path);

/* name relative to the folder of the file base (a policy names its files so); malloc'ed; NULL without memory. */
char *cg_file_beside(const char *base, const char *name);

#endif
