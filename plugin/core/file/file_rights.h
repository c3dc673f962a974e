/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who may do what with a file: its mode, and its ACL, which is read without a library, since Linux shows it as an extended
 * attribute (linux/posix_acl_xattr.h). Nobody owns anything. Private to file_access.c and file_fix.c. */
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
    bool read_only;                      /* mounted so: nobody changes its mode here */
    bool acls, has_acl;                  /* its file system knows ACLs; it has one */
    unsigned owner, group, mask, others; /* mask: what the group and the named ones have at most */
    struct named named[NAMED_MAX];
    size_t count;
};

bool cg_rights_read(const char *path, struct rights *r); /* false: they cannot be known */
unsigned cg_rights_ours(const struct rights *r);         /* what our user may do */

bool cg_rights_acl_sleeps(const struct rights *r); /* Linux asks the mode alone while the mask is empty */

/* A private key whose group may read it is root's, or of a group of ours. */
bool cg_group_reads_fit(const struct stat *st);

#endif
