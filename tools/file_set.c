/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file_set.h"
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE      ".certguard"
#define FILE_LIMIT ((size_t)1 << 20)

struct place {
    const char *folder;
    const struct cg_set_file *files;
    size_t count;
    struct stat look; /* of folder */
    int store;        /* FOLDER/.certguard */
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
    cg_error_set(err, "%.200s...: the path is too long", out);
    return false;
}

static bool reads_as(const char *folder, const struct cg_set_file *file)
{
    char path[PATH_MAX];
    struct stat st;
    struct cg_bytes old = {0};
    const struct cg_owner *owner = &file->owner;
    if (!join(path, NULL, "%s/%s", folder, file->name) || stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        (st.st_mode & 07777) != owner->mode || (owner->uid != (uid_t)-1 && owner->uid != st.st_uid) ||
        (owner->gid != (gid_t)-1 && owner->gid != st.st_gid) || (size_t)st.st_size != file->bytes.len ||
        !cg_file_read(path, CG_FILE_PUBLIC, FILE_LIMIT, &old, NULL))
        return false;
    bool same = old.len == file->bytes.len && memcmp(old.data, file->bytes.data, old.len) == 0;
    cg_bytes_wipe(&old);
    return same;
}

bool cg_file_set_is_there(const char *folder, const struct cg_set_file *files, size_t count)
{
    bool there = true;
    for (size_t i = 0; there && i < count; i++)
        there = reads_as(folder, &files[i]);
    return there;
}

bool cg_file_set_is_linked(const char *folder, const char *name)
{
    char path[PATH_MAX], to[PATH_MAX], wanted[PATH_MAX];
    if (!join(path, NULL, "%s/%s", folder, name) || !join(wanted, NULL, STORE "/current/%s", name))
        return false;
    ssize_t n = readlink(path, to, sizeof to - 1);
    return n > 0 && (size_t)n == strlen(wanted) && memcmp(to, wanted, (size_t)n) == 0;
}

static bool all_linked(const struct place *p)
{
    bool linked = true;
    for (size_t i = 0; linked && i < p->count; i++)
        linked = cg_file_set_is_linked(p->folder, p->files[i].name);
    return linked;
}

/* Whoever may enter the folder may enter those below it, whatever the umask; the files have modes of their own. Never
 * through a link: the folder may be another user's, who then owns what is made in it. */
static int open_folder(const char *path, const struct stat *above, struct cg_error *err)
{
    const bool made = mkdir(path, 0755) == 0;
    int fd = made || errno == EEXIST ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    bool good = fd >= 0 &&
                (!made || (fchmod(fd, 0755) == 0 && (geteuid() != 0 || fchown(fd, above->st_uid, above->st_gid) == 0)));
    if (good)
        return fd;
    cg_fault_errno(err, "make the folder", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool link_over(const char *to, const char *path, struct cg_error *err)
{
    char temporary[PATH_MAX];
    if (!join(temporary, err, "%s.new", path))
        return false;
    unlink(temporary); /* a run that was killed may have left one */
    if (symlink(to, temporary) != 0)
        return cg_fault_errno(err, "link", temporary);
    if (rename(temporary, path) == 0)
        return cg_sync_parent(path, err);
    cg_fault_errno(err, "rename over", path);
    unlink(temporary);
    return false;
}

/* ---- the folders in the store: four digits and more */

static unsigned number_of(const char *name)
{
    char *end = NULL;
    unsigned long number = name[0] >= '0' && name[0] <= '9' ? strtoul(name, &end, 10) : 0;
    return end && !*end && number < 100000000 ? (unsigned)number : 0;
}

static DIR *list(const struct place *p, const char *name)
{
    int fd = openat(p->store, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !folder)
        close(fd);
    return folder;
}

static unsigned newest(const struct place *p)
{
    unsigned found = 0;
    DIR *folder = list(p, ".");
    for (struct dirent *e; folder && (e = readdir(folder));)
        if (number_of(e->d_name) > found)
            found = number_of(e->d_name);
    if (folder)
        closedir(folder);
    return found;
}

static unsigned current(const struct place *p)
{
    char to[32];
    ssize_t n = readlinkat(p->store, "current", to, sizeof to - 1);
    to[n > 0 ? n : 0] = '\0';
    return number_of(to);
}

static bool remove_generation(const struct place *p, const char *name, struct cg_error *err)
{
    DIR *folder = list(p, name);
    for (struct dirent *e; folder && (e = readdir(folder));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(folder), e->d_name, 0);
    if (folder)
        closedir(folder);
    return unlinkat(p->store, name, AT_REMOVEDIR) == 0 ||
           cg_fault_errno(err, "remove an earlier " STORE " in", p->folder);
}

/* What a killed run left, and what is older than the one before; kept are the two that a reader may be at. */
static bool tidy(const struct place *p, unsigned before, struct cg_error *err)
{
    const unsigned now = current(p);
    bool good = true;
    DIR *folder = list(p, ".");
    for (struct dirent *e; good && folder && (e = readdir(folder));) {
        unsigned number = number_of(e->d_name);
        if (number && number != now && number != before)
            good = remove_generation(p, e->d_name, err);
    }
    if (folder)
        closedir(folder);
    return good;
}

/* Makes "current" the folder with these files: first all of it on the disk, then the one rename. */
static bool switch_to(const struct place *p, const struct cg_set_file *files, size_t count, struct cg_error *err)
{
    char folder[PATH_MAX], path[PATH_MAX], number[16];
    snprintf(number, sizeof number, "%04u", newest(p) + 1);
    int fd = join(folder, err, "%s/" STORE "/%s", p->folder, number) ? open_folder(folder, &p->look, err) : -1;
    bool good = fd >= 0;
    for (size_t i = 0; good && i < count; i++)
        good = join(path, err, "%s/%s", folder, files[i].name) &&
               cg_write_new(path, files[i].bytes.data, files[i].bytes.len, &files[i].owner, true, err);
    if (fd >= 0)
        close(fd);
    return good && cg_sync_path(folder, err) && cg_sync_parent(folder, err) &&
           join(path, err, "%s/" STORE "/current", p->folder) && link_over(number, path, err);
}

/* ---- how a folder comes to links */

/* What readers find now; a file that is missing is left out. */
static bool read_found(const struct place *p, struct cg_set_file *found, size_t *count, struct cg_error *err)
{
    char path[PATH_MAX];
    struct stat st;
    *count = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct cg_set_file *file = &found[*count];
        *file = p->files[i];
        file->bytes = (struct cg_bytes){0};
        if (!join(path, err, "%s/%s", p->folder, file->name))
            return false;
        if (stat(path, &st) != 0 && errno == ENOENT)
            continue;
        if (!cg_file_read(path, CG_FILE_PUBLIC, FILE_LIMIT, &file->bytes, err))
            return false;
        ++*count;
    }
    return true;
}

static bool link_all(const struct place *p, struct cg_error *err)
{
    char path[PATH_MAX], to[PATH_MAX];
    for (size_t i = 0; i < p->count; i++)
        if (!cg_file_set_is_linked(p->folder, p->files[i].name) &&
            (!join(path, err, "%s/%s", p->folder, p->files[i].name) ||
             !join(to, err, STORE "/current/%s", p->files[i].name) || !link_over(to, path, err)))
            return false;
    return true;
}

/* Links with what was found behind them: nobody sees a difference. */
static bool take_over(const struct place *p, struct cg_error *err)
{
    struct cg_set_file *found = calloc(p->count, sizeof *found);
    size_t count = 0;
    if (!found)
        return cg_fault_errno(err, "read", p->folder);
    bool good = read_found(p, found, &count, err) && switch_to(p, found, count, err) && link_all(p, err);
    for (size_t i = 0; i < count; i++)
        cg_bytes_wipe(&found[i].bytes);
    free(found);
    return good;
}

static bool has_links(const struct place *p)
{
    char path[PATH_MAX];
    if (!join(path, NULL, "%s/" STORE "/try", p->folder))
        return false;
    unlink(path);
    bool none = symlink("try", path) != 0 && (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS);
    unlink(path);
    return !none;
}

static bool put_one_by_one(const struct place *p, struct cg_error *err)
{
    char path[PATH_MAX];
    bool good = true;
    for (size_t i = 0; good && i < p->count; i++)
        good = reads_as(p->folder, &p->files[i]) ||
               (join(path, err, "%s/%s", p->folder, p->files[i].name) &&
                cg_write_replace(path, p->files[i].bytes.data, p->files[i].bytes.len, &p->files[i].owner, err));
    return good;
}

static bool put(const struct place *p, struct cg_error *err)
{
    const bool linked = all_linked(p);
    if (!linked && !has_links(p))
        return put_one_by_one(p, err);
    if (!linked && !take_over(p, err))
        return false;
    const unsigned before = current(p);
    return switch_to(p, p->files, p->count, err) && tidy(p, before, err);
}

bool cg_file_set_put(const char *folder, const struct cg_set_file *files, size_t count, struct cg_error *err)
{
    struct place p = {.folder = folder, .files = files, .count = count, .store = -1};
    char store[PATH_MAX];
    if (cg_file_set_is_there(folder, files, count))
        return true;
    if (stat(folder, &p.look) != 0)
        return cg_fault_errno(err, "look at", folder);
    if (join(store, err, "%s/" STORE, folder))
        p.store = open_folder(store, &p.look, err);
    bool good = p.store >= 0 && put(&p, err);
    if (p.store >= 0)
        close(p.store);
    return good;
}
