/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file_rights.h"

#include "file_path.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define GROUPS_MAX 256

static bool in_our_groups(gid_t gid)
{
    gid_t groups[GROUPS_MAX];
    int count = getgroups(GROUPS_MAX, groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == gid)
            return true;
    return gid == getegid();
}

static unsigned little_endian(const unsigned char *p, size_t octets)
{
    unsigned value = 0;
    while (octets > 0)
        value = value << 8 | p[--octets];
    return value;
}

/* One entry of system.posix_acl_access, in the format of linux/posix_acl_xattr.h. */
static bool add_entry(struct rights *r, const unsigned char entry[8])
{
    unsigned tag = little_endian(entry, 2), may = little_endian(entry + 2, 2) & 7, id = little_endian(entry + 4, 4);
    if (tag == 0x01)
        r->owner = may;
    else if (tag == 0x04)
        r->group = may;
    else if (tag == 0x10)
        r->mask = may;
    else if (tag == 0x20)
        r->others = may;
    else if ((tag != 0x02 && tag != 0x08) || r->count == NAMED_MAX)
        return false;
    else
        r->named[r->count++] = (struct named){tag == 0x08, id, may};
    return true;
}

bool cg_rights_read(const char *path, struct rights *r)
{
    unsigned char acl[4 + 8 * (NAMED_MAX + 4)];
    memset(r, 0, sizeof *r);
    if (stat(path, &r->st) != 0)
        return false;
    r->read_only = cg_file_is_read_only(path);
    r->owner = r->st.st_mode >> 6 & 7;
    r->group = r->mask = r->st.st_mode >> 3 & 7;
    r->others = r->st.st_mode & 7;
    ssize_t len = getxattr(path, "system.posix_acl_access", acl, sizeof acl);
    r->acls = len >= 0 || errno == ENODATA;
    if (len < 0)
        return r->acls || errno == ENOTSUP;
    bool ok = len >= 4 && len % 8 == 4 && little_endian(acl, 4) == 2;
    for (ssize_t i = 4; ok && i < len; i += 8)
        ok = add_entry(r, acl + i);
    r->has_acl = true;
    return ok;
}

bool cg_rights_acl_inactive(const struct rights *r)
{
    return r->has_acl && r->mask == 0;
}

/* The first match of owner, named user, groups and others decides. */
unsigned cg_rights_of_user(const struct rights *r)
{
    bool in_group = in_our_groups(r->st.st_gid);
    unsigned by_group = in_group ? r->group : 0;
    if (r->st.st_uid == cg_file_uid())
        return r->owner;
    for (size_t i = 0; i < r->count && !cg_rights_acl_inactive(r); i++) {
        const struct named *n = &r->named[i];
        if (!n->is_group && n->id == cg_file_uid())
            return n->may & r->mask;
        if (n->is_group && in_our_groups(n->id)) {
            in_group = true;
            by_group |= n->may;
        }
    }
    return in_group ? by_group & r->mask : r->others;
}

bool cg_group_may_read_key(const struct stat *st)
{
    return st->st_uid == 0 || in_our_groups(st->st_gid);
}
