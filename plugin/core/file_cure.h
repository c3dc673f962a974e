/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who may do what with a file, and the commands that change it. The commands, run by root in sh, let our user in and nobody
 * else, leave in who was there, and leave a file that is accepted; where none do, words say what a person has to choose.
 * Nobody owns anything. Private to file_access.c; the ACL is read without a library, since Linux shows it as an extended
 * attribute (linux/posix_acl_xattr.h). */
#ifndef CG_FILE_CURE_H
#define CG_FILE_CURE_H

#include "file.h"

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

void cg_user_text(uid_t uid, char out[NAME_TEXT_MAX]); /* its name, or its number */

bool cg_rights_read(const char *path, struct rights *r); /* false: they cannot be known */
unsigned cg_rights_ours(const struct rights *r);         /* what our user may do */

/* A private key whose group may read it is root's, or of a group of ours. */
bool cg_group_reads_fit(const struct stat *st);

/* Commands of a cure, each without the path that ends it. */
struct cure {
    char commands[3][512];
    int count;
    bool acl_package, choice; /* choice: no command is right for everybody, a person has to choose */
    bool read_only;           /* no command helps here */
};

void cg_cure_find(struct cure *cure, const struct rights *r, unsigned right, enum cg_file_kind kind);
void cg_cure_owner(struct cure *cure, const struct rights *r); /* makes us the owner */
void cg_cure_add(struct cure *cure, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* what: is wrong with path. target: what the commands are for, path or something on the way to it. */
void cg_cure_tell(const char *path, const char *what, const struct cure *cure, const char *target,
                  struct cg_error *err);

#endif
