/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The commands that change who may do what with a file. They, run by root in sh, let our user in and nobody else, leave in
 * who was there, and leave a file that is accepted; where none do, words say what a person has to choose.
 * Nobody owns anything. Private to file_access.c. */
#ifndef CG_FILE_FIX_H
#define CG_FILE_FIX_H

#include "core/base/error.h"
#include "file_kind.h"
#include "file_rights.h"

#include <stdbool.h>

/* Commands of a fix, each without the path that ends it. */
struct fix {
    char commands[3][512];
    int count;
    bool acl_package, choice; /* choice: no command is right for everybody, a person has to choose */
    bool read_only;           /* no command helps here */
};

void cg_fix_find(struct fix *fix, const struct rights *r, unsigned right, enum cg_file_kind kind);
void cg_fix_owner(struct fix *fix, const struct rights *r); /* makes us the owner */
void cg_fix_add(struct fix *fix, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* what: is wrong with path. target: what the commands are for, path or something on the way to it. */
void cg_fix_describe(const char *path, const char *what, const struct fix *fix, const char *target,
                     struct cg_error *err);

#endif
