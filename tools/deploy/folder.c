/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "folder.h"
#include "base/failure.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTER (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define LIST  (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define LINKS 40 /* the limit of the kernel */

int cg_folder_below(int at, const char *name, const struct stat *above, bool *made)
{
    const bool is_new = mkdirat(at, name, 0755) == 0;
    int fd = is_new || errno == EEXIST ? openat(at, name, LIST) : -1;
    if (made)
        *made = is_new;
    if (fd < 0 || !is_new ||
        (fchmod(fd, 0755) == 0 && (!cg_owner_is_root() || fchown(fd, above->st_uid, above->st_gid) == 0)))
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

/* ---- walking the path */

struct walk {
    const char *path;
    char rest[PATH_MAX];
    int at;
    int links;
    bool make;
};

static bool is_trusted(uid_t user)
{
    return user == 0 || user == geteuid();
}

/* True if only root and our user can have made this link. */
static bool is_safe_link(int at, const char *name)
{
    struct stat link, holder;
    if (fstatat(at, name, &link, AT_SYMLINK_NOFOLLOW) != 0 || fstat(at, &holder) != 0 || !is_trusted(link.st_uid) ||
        !is_trusted(holder.st_uid))
        return false;
    const bool group = (holder.st_mode & S_IWGRP) && holder.st_gid != 0 && holder.st_gid != getegid();
    return (holder.st_mode & S_ISVTX) || !(group || (holder.st_mode & S_IWOTH));
}

static bool move_to(struct walk *w, int fd)
{
    if (fd < 0)
        return false;
    close(w->at);
    w->at = fd;
    return true;
}

static bool follow(struct walk *w, const char *name, struct cg_error *err)
{
    char to[PATH_MAX], rest[PATH_MAX];
    if (!is_safe_link(w->at, name))
        return cg_fail_text(
            err,
            "cannot use %s: \"%s\" in it is a link that another user can change, so it could lead anywhere. Nothing "
            "was written. Replace the link with a folder, or deploy to the path of its destination",
            w->path, name);
    ssize_t n = readlinkat(w->at, name, to, sizeof to - 1);
    to[n > 0 ? n : 0] = '\0';
    if (n <= 0 || ++w->links > LINKS || snprintf(rest, sizeof rest, "%s/%s", to, w->rest) >= (int)sizeof rest) {
        errno = ELOOP;
        return cg_fail_errno(err, "open the folder", w->path);
    }
    memcpy(w->rest, rest, sizeof rest);
    return to[0] != '/' || move_to(w, open("/", ENTER)) || cg_fail_errno(err, "open the folder", "/");
}

static bool step(struct walk *w, const char *name, struct cg_error *err)
{
    struct stat st;
    int fd = openat(w->at, name, ENTER);
    if (fd < 0 && errno == ENOENT && w->make && fstat(w->at, &st) == 0)
        fd = cg_folder_below(w->at, name, &st, NULL);
    if (fd >= 0)
        return move_to(w, fd);
    int number = errno;
    if (fstatat(w->at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
        return follow(w, name, err);
    errno = number;
    return cg_fail_errno(err, w->make ? "create the folder" : "open the folder", w->path);
}

static bool walk(struct walk *w, struct cg_error *err)
{
    char name[NAME_MAX + 1];
    for (;;) {
        size_t skip = strspn(w->rest, "/"), len = strcspn(w->rest + skip, "/");
        if (len == 0)
            return true;
        if (len > NAME_MAX)
            return cg_fail_text(err, "cannot open the folder %s: a name in the path is too long", w->path);
        memcpy(name, w->rest + skip, len);
        name[len] = '\0';
        memmove(w->rest, w->rest + skip + len, strlen(w->rest + skip + len) + 1);
        if (!step(w, name, err))
            return false;
    }
}

bool cg_folder_open(struct cg_folder *folder, const char *path, bool make, struct cg_error *err)
{
    struct walk w = {.path = path, .make = make, .at = open(path[0] == '/' ? "/" : ".", ENTER)};
    *folder = (struct cg_folder){.fd = -1, .path = path};
    bool ok = w.at >= 0 && snprintf(w.rest, sizeof w.rest, "%s", path) < (int)sizeof w.rest;
    if (!ok)
        cg_error_set(err, "cannot open the folder %s: the path is too long, or not accessible", path);
    ok = ok && walk(&w, err);
    if (ok && ((folder->fd = openat(w.at, ".", LIST)) < 0 || fstat(folder->fd, &folder->st) != 0))
        ok = cg_fail_errno(err, "open the folder", path);
    if (w.at >= 0)
        close(w.at);
    if (!ok)
        cg_folder_close(folder);
    return ok;
}

void cg_folder_close(struct cg_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
}

/* ---- files in it */

bool cg_folder_has_link(const struct cg_folder *folder, const char *name)
{
    char to[PATH_MAX], wanted[PATH_MAX];
    ssize_t n = readlinkat(folder->fd, name, to, sizeof to);
    int len = snprintf(wanted, sizeof wanted, CG_FOLDER_STORE "/current/%s", name);
    return n > 0 && n == len && memcmp(to, wanted, (size_t)n) == 0;
}

bool cg_folder_current(int store, char out[16])
{
    ssize_t n = readlinkat(store, "current", out, 16);
    if (n <= 0 || n >= 16)
        return false;
    out[n] = '\0';
    return strspn(out, "0123456789") == (size_t)n;
}

/* The folder behind "current"; "current" itself if a copy resolved the link. */
static int open_current(const struct cg_folder *folder)
{
    char number[16];
    int store = openat(folder->fd, CG_FOLDER_STORE, ENTER);
    if (store < 0)
        return -1;
    int fd = openat(store, cg_folder_current(store, number) ? number : "current", ENTER);
    close(store);
    return fd;
}

static int open_file(const struct cg_folder *folder, const char *name, struct stat *st)
{
    const bool linked = cg_folder_has_link(folder, name);
    int at = linked ? open_current(folder) : folder->fd;
    /* O_NONBLOCK: a planted pipe must not block us */
    int fd = at >= 0 ? openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    if (linked && at >= 0)
        close(at);
    if (fd < 0 || (fstat(fd, st) == 0 && S_ISREG(st->st_mode)))
        return fd;
    close(fd);
    return -1;
}

bool cg_folder_stat(const struct cg_folder *folder, const char *name, struct stat *st)
{
    int fd = open_file(folder, name, st);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool cg_folder_read(const struct cg_folder *folder, const char *name, size_t limit, struct cg_bytes *out,
                    struct stat *st)
{
    *out = (struct cg_bytes){0};
    int fd = open_file(folder, name, st);
    bool ok = fd >= 0 && (uintmax_t)st->st_size <= limit && cg_read_fd(fd, 0, (char **)&out->data, &out->len) &&
              out->len == (size_t)st->st_size;
    if (fd >= 0)
        close(fd);
    if (!ok)
        cg_bytes_wipe(out);
    return ok;
}
