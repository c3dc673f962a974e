/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The permissions of a file: its mode and its ACL. Linux shows an ACL as an extended attribute
 * (linux/posix_acl_xattr.h), so no library is needed. Private to file_access.c and file_fix.c. */
#ifndef CG_FILE_RIGHTS_H
#define CG_FILE_RIGHTS_H

#include "user.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define NAME_TEXT_MAX CG_FILE_USER_MAX

enum { MAY_ENTER = 1, MAY_WRITE = 2, MAY_READ = 4 };

#define NAMED_MAX 32

struct named {
    bool is_group;
    unsigned id, may;
};

struct rights {
    struct stat st;
    bool read_only;                      /* mounted read-only: nobody can change its mode here */
    bool acls, has_acl;                  /* the file system supports ACLs; the file has one */
    unsigned owner, group, mask, others; /* mask: the limit for the group and the named entries */
    struct named named[NAMED_MAX];
    size_t count;
};

bool cg_rights_read(const char *path, struct rights *r); /* false if they cannot be read */
unsigned cg_rights_of_user(const struct rights *r);      /* the permissions of our user */

bool cg_rights_acl_inactive(const struct rights *r); /* Linux uses only the mode while the mask is empty */

/* Is group read access acceptable for a private key? If it belongs to root, or to a group of ours. */
bool cg_group_may_read_key(const struct stat *st);

#endif
