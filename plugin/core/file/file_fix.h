/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands that change the permissions of a file. Root can run them in sh. They give access to our user only,
 * keep the access of others, and leave a file that is accepted. If no command fits, words describe the choice.
 * Private to file_access.c. */
#ifndef CG_FILE_FIX_H
#define CG_FILE_FIX_H

#include "core/base/error.h"
#include "file_kind.h"
#include "file_rights.h"

#include <stdbool.h>

/* Commands of a fix, without the path that follows each of them. */
struct fix {
    char commands[3][512];
    int count;
    bool acl_package, choice; /* choice: no command fits every system, so a person has to choose */
    bool read_only;           /* the file system is read-only: no command helps */
};

void cg_fix_find(struct fix *fix, const struct rights *r, unsigned right, enum cg_file_kind kind);
void cg_fix_owner(struct fix *fix, const struct rights *r); /* makes our user the owner */
void cg_fix_add(struct fix *fix, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* what: the problem with path. target: the path of the commands, which is path or a folder on the way to it. */
void cg_fix_describe(const char *path, const char *what, const struct fix *fix, const char *target,
                     struct cg_error *err);

#endif
