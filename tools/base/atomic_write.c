/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "atomic_write.h"
#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Finds a full disk or a bad card before the rename. */
static bool same_content(int fd, const char *data, size_t len)
{
    char buffer[16384];
    size_t done = 0;
    ssize_t n;
    while ((n = pread(fd, buffer, sizeof buffer, (off_t)done)) > 0) {
        if ((size_t)n > len - done || memcmp(buffer, data + done, (size_t)n) != 0)
            return false;
        done += (size_t)n;
    }
    return n == 0 && done == len;
}

static bool set_owner(int fd, const struct cg_owner *owner)
{
    if (!owner)
        return true;
    bool keep = owner->uid == (uid_t)-1 && owner->gid == (gid_t)-1;
    if (!keep && fchown(fd, owner->uid, owner->gid) != 0)
        return false;
    return !owner->mode || fchmod(fd, owner->mode) == 0;
}

static const char *name_in(int folder, const char *path)
{
    const char *slash = folder == AT_FDCWD ? NULL : strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool cg_write_new_at(int folder, const char *path, const void *data, size_t len, const struct cg_owner *owner,
                     bool sync, struct cg_error *err)
{
    const char *name = name_in(folder, path);
    int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return cg_fail_errno(err, "create", path);
    bool ok = false;
    if (!write_all(fd, data, len))
        cg_fail_errno(err, "write", path);
    else if (!set_owner(fd, owner))
        cg_fail_errno(err, "set owner and mode of", path);
    else if (sync && fsync(fd) != 0)
        cg_fail_errno(err, "fsync", path);
    else if (!same_content(fd, data, len))
        cg_error_set(err, "cannot write %s: reading it back gives other data. Check the disk", path);
    else
        ok = true;
    if (close(fd) != 0 && ok)
        ok = cg_fail_errno(err, "close", path);
    if (!ok)
        unlinkat(folder, name, 0);
    return ok;
}

bool cg_write_new(const char *path, const void *data, size_t len, const struct cg_owner *owner, bool sync,
                  struct cg_error *err)
{
    return cg_write_new_at(AT_FDCWD, path, data, len, owner, sync, err);
}

bool cg_write_replace_at(int folder, const char *path, const void *data, size_t len, const struct cg_owner *owner,
                         struct cg_error *err)
{
    char temporary[PATH_MAX];
    struct stat old;
    struct cg_owner kept = {(uid_t)-1, (gid_t)-1, 0};
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return cg_fail_text(err, "cannot write %s: the path is too long", path);
    if (!owner && fstatat(folder, name_in(folder, path), &old, 0) == 0)
        kept = (struct cg_owner){old.st_uid == geteuid() ? (uid_t)-1 : old.st_uid,
                                 old.st_gid == getegid() ? (gid_t)-1 : old.st_gid, old.st_mode & 07777};
    /* left by a killed run: there is only one writer of this path */
    unlinkat(folder, name_in(folder, temporary), 0);
    if (!cg_write_new_at(folder, temporary, data, len, owner ? owner : &kept, true, err))
        return false;
    if (renameat(folder, name_in(folder, temporary), folder, name_in(folder, path)) != 0) {
        cg_fail_errno(err, "rename over", path);
        unlinkat(folder, name_in(folder, temporary), 0);
        return false;
    }
    return folder == AT_FDCWD ? cg_sync_parent(path, err) : cg_sync_fd(folder, path, err);
}

/* Root would replace a device, such as /dev/full, and others the link /dev/stdout or a pipe that somebody reads. */
static bool is_replaceable(const char *path, struct cg_error *err)
{
    struct stat st;
    return lstat(path, &st) != 0 || S_ISREG(st.st_mode) ||
           cg_fail_text(err, "cannot write %s: it is a %s, and only a file can be replaced. Name another file", path,
                        S_ISLNK(st.st_mode)   ? "link"
                        : S_ISDIR(st.st_mode) ? "folder"
                                              : "device or a pipe");
}

bool cg_write_replace(const char *path, const void *data, size_t len, const struct cg_owner *owner,
                      struct cg_error *err)
{
    return is_replaceable(path, err) && cg_write_replace_at(AT_FDCWD, path, data, len, owner, err);
}

bool cg_sync_fd(int fd, const char *path, struct cg_error *err)
{
    /* some file systems have no fsync for folders */
    return fsync(fd) == 0 || errno == EINVAL || cg_fail_errno(err, "fsync", path);
}

bool cg_sync_path(const char *path, struct cg_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cg_fail_errno(err, "open", path);
    bool ok = cg_sync_fd(fd, path, err);
    close(fd);
    return ok;
}

bool cg_sync_parent(const char *path, struct cg_error *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        return cg_sync_path(".", err);
    snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return cg_sync_path(folder, err);
}

/* An automounter or a share may refuse to create what is there. Keeps errno. */
static bool is_folder(const char *path)
{
    const int number = errno;
    struct stat st;
    const bool is = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    errno = number;
    return is;
}

bool cg_make_folders(const char *path, mode_t mode, struct cg_error *err)
{
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return cg_fail_text(err, "cannot create the folder %s: the path is too long", path);
    for (char *c = part + 1;; c++) {
        char end = *c;
        if (end != '/' && end != '\0')
            continue;
        *c = '\0';
        if (mkdir(part, mode) != 0 && errno != EEXIST && !is_folder(part))
            return cg_fail_errno(err, "create the folder", part);
        if (end == '\0')
            break;
        *c = end;
    }
    return true;
}
