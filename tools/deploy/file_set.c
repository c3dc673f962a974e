/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file_set.h"
#include "base/failure.h"
#include "store/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORE       CG_FOLDER_STORE
#define FILE_LIMIT  ((size_t)1 << 20)
#define NUMBER_LAST 99999999u

struct place {
    const struct cg_folder *folder;
    const struct cg_set_file *files;
    size_t count;
    int store; /* FOLDER/.certguard */
};

__attribute__((format(printf, 3, 4))) static bool join(char out[PATH_MAX], struct cg_error *err, const char *format,
                                                       ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out, PATH_MAX, format, args);
    va_end(args);
    if (n < PATH_MAX)
        return true;
    return cg_fail_text(err, "cannot write %.200s...: the path is too long", out);
}

/* ---- the present files */

static bool reads_as(const struct cg_folder *folder, const struct cg_set_file *file)
{
    struct stat st;
    struct cg_bytes old = {0};
    const struct cg_owner *owner = &file->owner;
    if (!cg_folder_stat(folder, file->name, &st) || (st.st_mode & 07777) != owner->mode ||
        (owner->uid != (uid_t)-1 && owner->uid != st.st_uid) || (owner->gid != (gid_t)-1 && owner->gid != st.st_gid) ||
        (size_t)st.st_size != file->bytes.len || !cg_folder_read(folder, file->name, file->bytes.len, &old, &st))
        return false;
    bool same = old.len == file->bytes.len && memcmp(old.data, file->bytes.data, old.len) == 0;
    cg_bytes_wipe(&old);
    return same;
}

bool cg_file_set_is_there(const struct cg_folder *folder, const struct cg_set_file *files, size_t count)
{
    bool there = true;
    for (size_t i = 0; there && i < count; i++)
        there = reads_as(folder, &files[i]);
    return there;
}

/* A hard link to another user's file must not be copied for the owner that is set here. */
bool cg_file_set_may_copy(const struct cg_folder *folder, const struct cg_set_file *file, const struct stat *st)
{
    return st->st_uid == folder->st.st_uid ||
           (st->st_nlink == 1 && (st->st_uid == file->owner.uid || (geteuid() != 0 && st->st_uid == geteuid())));
}

/* Readers could not open files of root. */
static struct cg_owner owner_of(const struct cg_folder *folder, const struct cg_set_file *file)
{
    struct cg_owner owner = file->owner;
    struct stat st;
    if (owner.uid != (uid_t)-1 || !cg_owner_is_root())
        return owner;
    if (!cg_folder_stat(folder, file->name, &st))
        st = folder->st;
    owner.uid = st.st_uid;
    owner.gid = owner.gid == (gid_t)-1 ? st.st_gid : owner.gid;
    return owner;
}

static bool all_linked(const struct place *p)
{
    bool linked = true;
    for (size_t i = 0; linked && i < p->count; i++)
        linked = cg_folder_has_link(p->folder, p->files[i].name);
    return linked;
}

/* The name is the last part of path. */
static bool link_over(const char *to, int at, const char *path, struct cg_error *err)
{
    char temporary[PATH_MAX];
    const char *name = strrchr(path, '/') + 1;
    if (!join(temporary, err, "%s.new", name))
        return false;
    unlinkat(at, temporary, 0); /* of a killed run */
    if (symlinkat(to, at, temporary) != 0)
        return cg_fail_errno(err, "link", path);
    if (renameat(at, temporary, at, name) == 0)
        return cg_sync_fd(at, path, err);
    cg_fail_errno(err, "rename over", path);
    unlinkat(at, temporary, 0);
    return false;
}

/* ---- the folders in the store: at least four digits; its owner may have put anything else there */

static unsigned number_of(const char *name)
{
    char *end = NULL;
    unsigned long number = name[0] >= '0' && name[0] <= '9' ? strtoul(name, &end, 10) : 0;
    return end && !*end && number <= NUMBER_LAST ? (unsigned)number : 0;
}

static DIR *list(const struct place *p, const char *name)
{
    int fd = openat(p->store, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !folder)
        close(fd);
    return folder;
}

static unsigned current(const struct place *p)
{
    char to[16];
    return cg_folder_current(p->store, to) ? number_of(to) : 0;
}

static void next_number(unsigned *number, char name[16])
{
    *number = *number % NUMBER_LAST + 1;
    snprintf(name, 16, "%04u", *number);
}

static void remove_generation(const struct place *p, const char *name)
{
    DIR *folder = list(p, name);
    for (struct dirent *e; folder && (e = readdir(folder));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(folder), e->d_name, 0);
    if (folder)
        closedir(folder);
    unlinkat(p->store, name, AT_REMOVEDIR);
}

/* Removes all generations but the current one, before anything is written, to free disk space. What cannot be removed is not
 * ours. */
static void remove_old(const struct place *p)
{
    const unsigned now = current(p);
    DIR *folder = list(p, ".");
    for (struct dirent *e; folder && (e = readdir(folder));) {
        unsigned number = number_of(e->d_name);
        if (number && number != now)
            remove_generation(p, e->d_name);
    }
    if (folder)
        closedir(folder);
}

/* A new folder with the next free number. */
static int make_generation(const struct place *p, char name[16], struct cg_error *err)
{
    unsigned number = current(p);
    bool made = false;
    int fd = -1;
    do {
        if (fd >= 0)
            close(fd);
        next_number(&number, name);
        fd = cg_folder_below(p->store, name, &p->folder->st, &made);
    } while (!made && (fd >= 0 || errno == ENOTDIR || errno == ELOOP));
    if (fd < 0)
        cg_fail_errno(err, "create a folder below " STORE " in", p->folder->path);
    return fd;
}

/* A copy that resolved links has a folder "current"; it gets a number, and is removed with the old generations. */
static void set_aside(const struct place *p)
{
    char name[16];
    struct stat st;
    unsigned number = 0;
    if (fstatat(p->store, "current", &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
        return;
    do
        next_number(&number, name);
    while (fstatat(p->store, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
    renameat(p->store, "current", p->store, name);
}

static bool write_files(const struct place *p, int at, const char *number, const struct cg_set_file *files,
                        size_t count, struct cg_error *err)
{
    char path[PATH_MAX];
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        const struct cg_owner owner = owner_of(p->folder, &files[i]);
        ok = join(path, err, "%s/" STORE "/%s/%s", p->folder->path, number, files[i].name) &&
             cg_write_new_at(at, path, files[i].bytes.data, files[i].bytes.len, &owner, true, err);
    }
    return ok && cg_sync_fd(at, p->folder->path, err) && cg_sync_fd(p->store, p->folder->path, err);
}

/* Makes a folder with these files "current": everything is on the disk before the rename. */
static bool switch_to(const struct place *p, const struct cg_set_file *files, size_t count, struct cg_error *err)
{
    char path[PATH_MAX], number[16];
    int fd = make_generation(p, number, err);
    bool ok = fd >= 0 && write_files(p, fd, number, files, count, err) &&
              join(path, err, "%s/" STORE "/current", p->folder->path);
    if (ok) {
        set_aside(p);
        ok = link_over(number, p->store, path, err);
    }
    if (!ok && fd >= 0 && current(p) != number_of(number))
        remove_generation(p, number);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* ---- replacing plain files with links */

/* The present files, without those that are missing or must not be copied. */
static size_t read_found(const struct place *p, struct cg_set_file *found)
{
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct cg_set_file *file = &found[count];
        struct stat st;
        *file = p->files[i];
        file->bytes = (struct cg_bytes){0};
        if (cg_folder_read(p->folder, file->name, FILE_LIMIT, &file->bytes, &st) &&
            cg_file_set_may_copy(p->folder, file, &st))
            count++;
        else
            cg_bytes_wipe(&file->bytes);
    }
    return count;
}

static bool link_all(const struct place *p, struct cg_error *err)
{
    char path[PATH_MAX], to[PATH_MAX];
    for (size_t i = 0; i < p->count; i++)
        if (!cg_folder_has_link(p->folder, p->files[i].name) &&
            (!join(path, err, "%s/%s", p->folder->path, p->files[i].name) ||
             !join(to, err, STORE "/current/%s", p->files[i].name) || !link_over(to, p->folder->fd, path, err)))
            return false;
    return true;
}

/* Links to copies of the present files: readers see no difference. */
static bool convert(const struct place *p, struct cg_error *err)
{
    struct cg_set_file *found = calloc(p->count, sizeof *found);
    if (!found)
        return cg_fail_memory(err);
    size_t count = read_found(p, found);
    bool ok = switch_to(p, found, count, err) && link_all(p, err);
    for (size_t i = 0; i < count; i++)
        cg_bytes_wipe(&found[i].bytes);
    free(found);
    return ok;
}

static bool has_links(const struct place *p)
{
    unlinkat(p->store, "try", 0);
    bool none = symlinkat("try", p->store, "try") != 0 && (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS);
    unlinkat(p->store, "try", 0);
    return !none;
}

bool cg_file_set_put_plain(const struct cg_folder *folder, const struct cg_set_file *file, struct cg_error *err)
{
    char path[PATH_MAX];
    if (reads_as(folder, file))
        return true;
    const struct cg_owner owner = owner_of(folder, file);
    return join(path, err, "%s/%s", folder->path, file->name) &&
           cg_write_replace_at(folder->fd, path, file->bytes.data, file->bytes.len, &owner, err);
}

static bool put_one_by_one(const struct place *p, struct cg_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < p->count; i++)
        ok = cg_file_set_put_plain(p->folder, &p->files[i], err);
    return ok;
}

static bool put(const struct place *p, struct cg_error *err)
{
    const bool linked = all_linked(p);
    remove_old(p);
    if (!linked && !has_links(p))
        return put_one_by_one(p, err);
    return (linked || convert(p, err)) && switch_to(p, p->files, p->count, err);
}

bool cg_file_set_put(const struct cg_folder *folder, const struct cg_set_file *files, size_t count,
                     struct cg_error *err)
{
    struct place p = {.folder = folder, .files = files, .count = count, .store = -1};
    if (cg_file_set_is_there(folder, files, count))
        return true;
    p.store = cg_folder_below(folder->fd, STORE, &folder->st, NULL);
    if (p.store < 0)
        return cg_fail_errno(err, "create the folder " STORE " in", folder->path);
    bool ok = put(&p, err);
    close(p.store);
    return ok;
}

void cg_file_set_tidy(const struct cg_folder *folder)
{
    const struct place p = {.folder = folder,
                            .store = openat(folder->fd, STORE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (p.store < 0)
        return;
    if (current(&p))
        remove_old(&p);
    close(p.store);
}
