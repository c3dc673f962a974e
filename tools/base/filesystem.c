/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "filesystem.h"
#include "failure.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#define KEEP_LOCAL "Keep the CA on a Linux file system such as ext4, xfs or btrfs, and only backups here"

/* statfs(2); those that are known to lack something */
static const struct filesystem {
    uint32_t type;
    const char *name, *fix;
    bool has_modes;
} filesystems[] = {
    {0x4d44, "vfat", KEEP_LOCAL, false},
    {0x2011bab0, "exfat", KEEP_LOCAL, false},
    {0x5346544e, "ntfs", KEEP_LOCAL, false},
    {0x7366746e, "ntfs3", KEEP_LOCAL, false},
    {0x65735546, "fuse", KEEP_LOCAL, true},
    {0x01021997, "9p", KEEP_LOCAL, true},
    {0xff534d42, "cifs", "Mount the share with the options mfsymlinks and modefromsid, or keep the CA on a local disk",
     true},
    {0xfe534d42, "smb2", "Mount the share with the options mfsymlinks and modefromsid, or keep the CA on a local disk",
     true},
    {0x6969, "nfs", "Mount the share with NFS version 4, or start rpc.statd for its locks", true},
};

static const struct filesystem *find(uint32_t type)
{
    for (size_t i = 0; i < sizeof filesystems / sizeof *filesystems; i++)
        if (filesystems[i].type == type)
            return &filesystems[i];
    return NULL;
}

/* EPERM has other reasons too, unless the file system is known for this one. */
static bool is_unsupported(int number, const struct filesystem *known)
{
    return number == EOPNOTSUPP || number == ENOSYS || number == ENOLCK ||
           (known && (number == EPERM || number == EINVAL));
}

bool cg_fail_unsupported(struct cg_error *err, const char *action, const char *object, int number, uint32_t type,
                         enum cg_filesystem_need need)
{
    static const char *const needs[] = {"symbolic links", "file modes", "file locks"};
    const struct filesystem *known = find(type);
    char name[24];
    errno = number;
    if (!is_unsupported(number, known))
        return cg_fail_errno(err, action, object);
    snprintf(name, sizeof name, "type 0x%x", (unsigned)type);
    return cg_fail_text(err, "cannot %s %s: %s. The file system (%s) does not support %s here. %s", action, object,
                        strerror(number), known ? known->name : name, needs[need], known ? known->fix : KEEP_LOCAL);
}

static uint32_t type_of(const char *dir)
{
    struct statfs fs;
    return statfs(dir, &fs) == 0 ? (uint32_t)fs.f_type : 0;
}

bool cg_fail_filesystem(struct cg_error *err, const char *action, const char *object, const char *dir,
                        enum cg_filesystem_need need)
{
    const int number = errno;
    return cg_fail_unsupported(err, action, object, number, type_of(dir), need);
}

const char *cg_filesystem_without_modes(const char *dir)
{
    static _Thread_local char text[200];
    const struct filesystem *known = find(type_of(dir));
    text[0] = '\0';
    if (known && !known->has_modes)
        snprintf(text, sizeof text, ". The file system (%s) keeps no modes. %s", known->name, known->fix);
    return text;
}
