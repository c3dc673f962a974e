/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whose the files of a CA's folder are: the owner of the folder's, whoever runs the tool.
 *
 * A run of root on another user's CA looks for, reads and makes files as that user, from when the CA is opened until it is
 * closed: what it makes is theirs, and neither a link that they put in the way nor a folder that deploy/ names leads root
 * further than themselves, since the kernel asks for their rights. Only what the command line names (passphrase, request,
 * batch, PKCS#12, backup, page, the folder of import) is outside of that.
 * Nothing is owned. Called by ca_open, and around what is outside; a thread begins as the one that makes it. */
#ifndef CG_CA_OWNER_H
#define CG_CA_OWNER_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct cg_ca_owner {
    bool other; /* root runs, and the folder is another user's */
    uid_t uid;
    gid_t gid;
};

/* Of the folder dir, whose state is st. A folder that its owner cannot reach by this path is no other's. */
struct cg_ca_owner cg_owner_of(const char *dir, const struct stat *st);

/* From here on, and no longer, this thread looks for files, reads and makes them as the owner. Without effect where it is
 * no other's. Root's further groups are given up for good: root needs none. */
void cg_owner_assume(const struct cg_ca_owner *owner);
void cg_owner_leave(const struct cg_ca_owner *owner);

/* What the command line names is the caller's to read and write: outside, until back. Works whether an owner is assumed or
 * not, and one in the other. */
struct cg_file_user {
    uid_t uid;
    gid_t gid;
};
struct cg_file_user cg_owner_outside(void);
struct cg_file_user cg_owner_enter(const struct cg_ca_owner *owner); /* of another folder, until back */
void cg_owner_back(struct cg_file_user before);

/* Files are looked for as root now. */
bool cg_owner_is_root(void);

/* Gives to the owner what a run of root by an earlier version left on the way to dir/relative: folders, and the files
 * that are written in place. Links are not followed. */
void cg_owner_repair(const struct cg_ca_owner *owner, const char *dir, const char *relative);
void cg_owner_repair_all(const struct cg_ca_owner *owner, const char *dir); /* wherever that may be */

#endif
