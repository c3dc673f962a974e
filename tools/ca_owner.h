/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whose the files of a CA's folder are: the owner of the folder's, whoever runs the tool.
 *
 * A run of root on another user's CA writes below that folder as that user: what it makes is theirs, and a link that
 * they put in the way leads root no further than themselves, since the kernel asks for their rights. Everything else
 * (passphrase files, the folders of deploy) is read and written as root.
 * Nothing is owned. Called by ca_store and ca_change; each thread assumes for itself. */
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

/* From here on, and no longer, files are looked for and made as the owner. Without effect where it is no other's. */
void cg_owner_assume(const struct cg_ca_owner *owner);
void cg_owner_leave(const struct cg_ca_owner *owner);

/* Gives to the owner what a run of root by an earlier version left on the way to dir/relative: folders, and the files
 * that are written in place. Links are not followed. */
void cg_owner_mend(const struct cg_ca_owner *owner, const char *dir, const char *relative);

#endif
