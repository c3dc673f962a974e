/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "owner.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <unistd.h>

/* Root's groups give access too. They are replaced by the owner's, so that --group may name one of them. */
static void set_groups(const struct cg_ca_owner *owner)
{
    static uid_t set_for; /* never root */
    if (set_for == owner->uid)
        return;
    const struct passwd *user = getpwuid(owner->uid);
    if (!user || initgroups(user->pw_name, owner->gid) != 0)
        (void)!setgroups(1, &owner->gid);
    set_for = owner->uid;
}

void cg_owner_assume(const struct cg_ca_owner *owner)
{
    if (!owner->other)
        return;
    set_groups(owner);
    setfsgid(owner->gid);
    setfsuid(owner->uid);
}

void cg_owner_leave(const struct cg_ca_owner *owner)
{
    if (owner->other)
        (void)cg_owner_outside();
}

struct cg_file_user cg_owner_outside(void)
{
    struct cg_file_user before = {(uid_t)setfsuid(geteuid()), 0};
    before.gid = (gid_t)setfsgid(getegid());
    return before;
}

struct cg_file_user cg_owner_enter(const struct cg_ca_owner *owner)
{
    const struct cg_file_user before = cg_owner_outside();
    cg_owner_assume(owner);
    return before;
}

void cg_owner_back(struct cg_file_user before)
{
    setfsgid(before.gid);
    setfsuid(before.uid);
}

bool cg_owner_is_root(void)
{
    return setfsuid((uid_t)-1) == 0; /* changes nothing, returns the current value */
}

struct cg_ca_owner cg_owner_of(const char *dir, const struct stat *st)
{
    struct cg_ca_owner owner = {geteuid() == 0 && st->st_uid != 0, st->st_uid, st->st_gid};
    if (!owner.other)
        return owner;
    cg_owner_assume(&owner);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cg_owner_leave(&owner);
    owner.other = fd >= 0;
    if (fd >= 0)
        close(fd);
    return owner;
}
