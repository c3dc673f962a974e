/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The rights with which a run works on a CA's folder: those of the folder's owner.
 *
 * If root runs the tool on another user's CA, it finds, reads and creates files as that user from open to close. Its files
 * then belong to the owner, and neither a link in the folder nor a target in deploy/ takes root further than the owner's own
 * rights, which the kernel checks. Only files named on the command line (passphrase, request, batch, PKCS#12, backup, page,
 * the folder of import) are used with root's rights.
 * Nothing is owned. Called by open, and around files outside of the folder. A new thread inherits the state of its creator. */
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

/* The owner of the folder dir, whose state is st. other is false if the owner cannot reach the folder by this path. */
struct cg_ca_owner cg_owner_of(const char *dir, const struct stat *st);

/* Between these calls, this thread uses files as the owner. Without effect unless other is set. Root's supplementary groups
 * are dropped permanently: root needs none. */
void cg_owner_assume(const struct cg_ca_owner *owner);
void cg_owner_leave(const struct cg_ca_owner *owner);

/* Uses files as the caller (outside) or as the owner of another folder (enter), until back. Calls may be nested, with or
 * without an assumed owner. */
struct cg_file_user {
    uid_t uid;
    gid_t gid;
};
struct cg_file_user cg_owner_outside(void);
struct cg_file_user cg_owner_enter(const struct cg_ca_owner *owner);
void cg_owner_back(struct cg_file_user before);

/* This thread uses files as root now. */
bool cg_owner_is_root(void);

#endif
