/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The one reader of files. Owned bytes out, a limit on the size, a plain error with the cure.
 * Called by the loaders of policy, trust, CRLs and credentials, and by the tool. */
#ifndef CG_FILE_H
#define CG_FILE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

struct cg_bytes {
    unsigned char *data; /* malloc'ed; a NUL byte follows the last one, not counted in len */
    size_t len;
};

enum cg_file_kind {
    CG_FILE_PUBLIC = 0,
    CG_FILE_PRIVATE_KEY, /* refused when others may read it; wiped by cg_bytes_wipe */
    CG_FILE_STATE,       /* refused when others may write it */
    CG_FILE_CRLS, /* may be large: its first bytes and some places must look like PEM or DER before the whole is read */
};

/* Reads a regular file whole. Fails (false, *out zeroed) on: missing, not regular, larger than limit bytes,
 * unreadable (the text names the user that tried and the commands that help), changed while read. The commands, run by
 * root in sh, let our user in and nobody else, and who could read before still can; where none do, words say what a person
 * has to choose. */
bool cg_file_read(const char *path, enum cg_file_kind kind, size_t limit, struct cg_bytes *out, struct cg_error *err);

void cg_bytes_free(struct cg_bytes *bytes);
void cg_bytes_wipe(struct cg_bytes *bytes); /* OPENSSL_cleanse, then free */

/* Name of the user that this process runs as, or its number. */
#define CG_FILE_USER_MAX 64
void cg_file_user(char out[CG_FILE_USER_MAX]);

/* The path as one word of sh, for the commands in a cure: in '...' where it has other characters than letters, digits and
 * _ . / + @ % , : = -, and with ./ in front of a leading "-". False, and out is "": it does not fit, or has characters that
 * an error cannot show as they are. */
bool cg_file_for_sh(const char *path, char *out, size_t size);

/* Is its file system mounted read-only? Of what is missing, that of the nearest folder on the way to it. No command
 * changes a mode there; the words say what does, and end in the number of the group. */
bool cg_file_is_read_only(const char *path);
#define CG_FILE_READ_ONLY_CURE                                                                                         \
    "its file system is mounted read-only, so its mode is set where it comes from: of a Kubernetes secret by "         \
    "defaultMode: 0440 of the volume and securityContext.fsGroup: %u of the pod"

bool cg_file_is_folder(const char *path);
bool cg_file_is_regular(const char *path); /* a link to one too */

/* For certain: what cannot be looked at may be there. */
bool cg_file_is_missing(const char *path);

/* A folder of ours or of root, in which nobody else may put or change a file. False: *err says the cure. */
bool cg_folder_is_safe(const char *path, struct cg_error *err);

/* Calls visit for the files of a folder whose names end in one of suffixes (NULL-terminated) and do not start with a
 * dot, in the order of their names; stops at the first false and returns it. path is borrowed. */
typedef bool cg_file_visit_fn(void *context, const char *path, struct cg_error *err);
bool cg_folder_visit(const char *folder, const char *const *suffixes, cg_file_visit_fn *visit, void *context,
                     struct cg_error *err);

/* name relative to the folder of the file base (a policy names its files so); malloc'ed; NULL without memory. */
char *cg_file_beside(const char *base, const char *name);

#endif
