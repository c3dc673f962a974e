/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "spool.h"

#include "core/renewal/mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUESTS    "requests"
#define ANSWERS     "answers"
#define LOCK        "lock"
#define PROBE       ".probe"
#define NAME_LENGTH (CG_RENEWAL_ID_MAX + 16)

static const char *const suffixes[CG_SPOOL_FILES] = {
    [CG_SPOOL_REQUEST] = ".json",
    [CG_SPOOL_DONE] = ".done",
    [CG_SPOOL_OWN_ANSWER] = ".answer",
    [CG_SPOOL_ANSWER] = ".json",
};

static int folder_of(const struct cg_spool *spool, enum cg_spool_file file)
{
    return file == CG_SPOOL_ANSWER ? spool->answers : spool->requests;
}

static const char *name_of_folder(enum cg_spool_file file)
{
    return file == CG_SPOOL_ANSWER ? ANSWERS : REQUESTS;
}

static void name_of(enum cg_spool_file file, const char *id, char out[NAME_LENGTH])
{
    snprintf(out, NAME_LENGTH, "%s%s", id, suffixes[file]);
}

/* ---- folders */

static int open_folder(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The CA reads the folder as another user, by its group; a strict umask would prevent that. */
static bool make_folder(int parent, const char *name)
{
    struct stat st;
    if (mkdirat(parent, name, 0750) != 0)
        return errno == EEXIST;
    return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
           fchmodat(parent, name, (st.st_mode & 07777) | 0750, 0) == 0;
}

static const char *fix_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return "Create the folder for the user of the broker (a unit may need ReadWritePaths=).";
    case ENOSPC:
    case EDQUOT:
        return "Free disk space.";
    case ELOOP:
    case ENOTDIR:
        return "Name a folder, not a symbolic link or a file.";
    default:
        return "Correct renewal.spool in the policy, or create the folder for the user of the broker.";
    }
}

static bool fail(const struct cg_spool *spool, const char *verb, const char *name, int error, struct cg_error *err)
{
    cg_error_set(err, "cannot %s %s%s%s: %s. %s", verb, spool->path ? spool->path : "", *name ? "/" : "", name,
                 strerror(error), fix_of(error));
    return false;
}

/* Others could put requests into a folder that they can write. */
static bool is_ours(const struct cg_spool *spool, struct cg_error *err)
{
    struct stat st;
    if (fstat(spool->requests, &st) != 0)
        return fail(spool, "open the folder", REQUESTS, errno, err);
    if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
        return true;
    cg_error_set(err,
                 "cannot use the folder %s/" REQUESTS ": other users can write it, or own it. Give it to the user of "
                 "the broker, with mode 0750.",
                 spool->path);
    return false;
}

static bool take_lock(struct cg_spool *spool, struct cg_error *err)
{
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    spool->lock = openat(spool->requests, LOCK, flags, 0640);
    if (spool->lock < 0)
        return fail(spool, "create the file", REQUESTS "/" LOCK, errno, err);
    if (flock(spool->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno != EWOULDBLOCK)
        return fail(spool, "lock the file", REQUESTS "/" LOCK, errno, err);
    cg_error_set(err, "cannot use the spool %s: another broker uses it. Give each broker its own folder.", spool->path);
    return false;
}

/* Left by a broker that was killed. */
static void remove_temporary(const struct cg_spool *spool)
{
    int fd = open_folder(spool->requests, ".");
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(spool->requests, entry->d_name, 0);
    closedir(dir);
}

static bool open_requests(struct cg_spool *spool, struct cg_error *err)
{
    if (!make_folder(AT_FDCWD, spool->path))
        return fail(spool, "create the folder", "", errno, err);
    int folder = open_folder(AT_FDCWD, spool->path);
    if (folder < 0)
        return fail(spool, "open the folder", "", errno, err);
    bool made = make_folder(folder, REQUESTS);
    spool->requests = made ? open_folder(folder, REQUESTS) : -1;
    int error = errno;
    close(folder);
    return spool->requests >= 0 || fail(spool, made ? "open the folder" : "create the folder", REQUESTS, error, err);
}

bool cg_spool_open(struct cg_spool *spool, const char *path, struct cg_error *err)
{
    *spool = (struct cg_spool){.path = strdup(path), .requests = -1, .answers = -1, .lock = -1};
    if (!spool->path) {
        cg_error_set(err, "cannot open the spool: out of memory. The plugin tries again.");
        return false;
    }
    if (!open_requests(spool, err) || !is_ours(spool, err) || !take_lock(spool, err))
        return false;
    remove_temporary(spool);
    (void)cg_spool_is_current(spool, NULL);
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void cg_spool_close(struct cg_spool *spool)
{
    close_fd(&spool->lock);
    close_fd(&spool->answers);
    close_fd(&spool->requests);
    free(spool->path);
    spool->path = NULL;
}

static bool same_file(int fd, const struct stat *now)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == now->st_ino && st.st_dev == now->st_dev;
}

static bool is_open(int folder, const char *name, int fd)
{
    struct stat now;
    return fstatat(folder, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && same_file(fd, &now);
}

static void follow_answers(struct cg_spool *spool, int folder, struct cg_error *err)
{
    struct stat now;
    bool there = fstatat(folder, ANSWERS, &now, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && same_file(spool->answers, &now))
        return;
    close_fd(&spool->answers);
    spool->answers = there ? open_folder(folder, ANSWERS) : -1;
    if (there && spool->answers < 0)
        cg_error_set(err,
                     "cannot open the folder %s/" ANSWERS ": %s. Make it a folder that the user of the broker can read "
                     "(mode 0750, with a common group).",
                     spool->path, strerror(errno));
}

bool cg_spool_is_current(struct cg_spool *spool, struct cg_error *err)
{
    int folder = open_folder(AT_FDCWD, spool->path);
    if (folder < 0)
        return false;
    bool current = is_open(folder, REQUESTS, spool->requests) && is_open(spool->requests, LOCK, spool->lock);
    follow_answers(spool, folder, err);
    close(folder);
    return current;
}

/* ---- states */

static struct cg_spool_state state_of(const struct stat *st)
{
    return (struct cg_spool_state){(uint64_t)st->st_ino, st->st_size,
                                   (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec};
}

struct cg_spool_state cg_spool_state(const struct cg_spool *spool, enum cg_spool_file file, const char *id)
{
    char name[NAME_LENGTH];
    struct stat st;
    name_of(file, id, name);
    int folder = folder_of(spool, file);
    return folder >= 0 && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? state_of(&st)
                                                                               : (struct cg_spool_state){0};
}

struct cg_spool_state cg_spool_answers_state(const struct cg_spool *spool)
{
    struct stat st;
    return spool->answers >= 0 && fstat(spool->answers, &st) == 0 ? state_of(&st) : (struct cg_spool_state){0};
}

bool cg_spool_state_equal(const struct cg_spool_state *a, const struct cg_spool_state *b)
{
    return a->inode == b->inode && a->size == b->size && a->modified_ns == b->modified_ns;
}

/* ---- reading */

static const struct {
    const char *cause;
} faults[CG_SPOOL_FAULTS] = {
    [CG_SPOOL_LINK] = {"it is a symbolic link"},
    [CG_SPOOL_HARD_LINK] = {"it has a second name (hard link)"},
    [CG_SPOOL_SPECIAL] = {"it is not a file"},
    [CG_SPOOL_HUGE] = {"it is too large"},
};

static enum cg_spool_fault kind_of(const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return CG_SPOOL_SPECIAL;
    if (st->st_nlink != 1)
        return CG_SPOOL_HARD_LINK;
    return st->st_size > (off_t)CG_MAILBOX_FILE_MAX ? CG_SPOOL_HUGE : CG_SPOOL_OK;
}

/* The length; -1: errno is set. A file that grows meanwhile is cut, and then malformed. */
static ssize_t read_all(int fd, char *out, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t n = read(fd, out + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static enum cg_spool_fault read_open(int fd, char **text, size_t *len)
{
    struct stat st;
    enum cg_spool_fault fault = fstat(fd, &st) == 0 ? kind_of(&st) : CG_SPOOL_UNREADABLE;
    if (fault != CG_SPOOL_OK)
        return fault;
    size_t size = (size_t)st.st_size;
    *text = malloc(size + 1);
    ssize_t n = *text ? read_all(fd, *text, size) : -1;
    if (n < 0) {
        free(*text);
        *text = NULL;
        return CG_SPOOL_UNREADABLE;
    }
    (*text)[n] = '\0';
    *len = (size_t)n;
    return CG_SPOOL_OK;
}

static enum cg_spool_fault fault_of_open(int error)
{
    if (error == ENOENT)
        return CG_SPOOL_ABSENT;
    if (error == ELOOP)
        return CG_SPOOL_LINK;
    return error == ENXIO || error == EISDIR ? CG_SPOOL_SPECIAL : CG_SPOOL_UNREADABLE;
}

enum cg_spool_fault cg_spool_read(const struct cg_spool *spool, enum cg_spool_file file, const char *id, char **text,
                                  size_t *len, struct cg_error *err)
{
    char name[NAME_LENGTH];
    int folder = folder_of(spool, file);
    *text = NULL;
    *len = 0;
    if (folder < 0)
        return CG_SPOOL_ABSENT;
    name_of(file, id, name);
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    enum cg_spool_fault fault = fd >= 0 ? read_open(fd, text, len) : fault_of_open(errno);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (fault == CG_SPOOL_UNREADABLE)
        cg_error_set(err, "cannot read %s/%s/%s: %s. Make it readable for the user of the broker.", spool->path,
                     name_of_folder(file), name, strerror(error));
    else if (fault > CG_SPOOL_ABSENT)
        cg_error_set(err, "ignored %s/%s/%s: %s. Remove it; only certguard writes this folder.", spool->path,
                     name_of_folder(file), name, faults[fault].cause);
    return fault;
}

/* ---- writing */

static bool write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return false;
        }
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* The CA's user reads it by its group, whatever the umask of the broker is. */
static bool write_new(int folder, const char *name, const char *text, size_t len)
{
    unlinkat(folder, name, 0);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return false;
    bool ok = fchmod(fd, 0640) == 0 && write_all(fd, text, len) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (!ok)
        unlinkat(folder, name, 0);
    errno = error;
    return ok;
}

/* Some file systems have no fsync for folders. */
static bool sync_folder(int folder)
{
    return fsync(folder) == 0 || errno == EINVAL;
}

bool cg_spool_write(const struct cg_spool *spool, enum cg_spool_file file, const char *id, const char *text, size_t len,
                    struct cg_error *err)
{
    char name[NAME_LENGTH], temporary[NAME_LENGTH + 1];
    name_of(file, id, name);
    snprintf(temporary, sizeof temporary, ".%s", name);
    if (write_new(spool->requests, temporary, text, len)) {
        if (renameat(spool->requests, temporary, spool->requests, name) == 0 && sync_folder(spool->requests))
            return true;
        int error = errno;
        unlinkat(spool->requests, temporary, 0);
        errno = error;
    }
    return fail(spool, "write a file in the folder", REQUESTS, errno, err);
}

bool cg_spool_is_writable(const struct cg_spool *spool, struct cg_error *err)
{
    static const char block[4096];
    if (!write_new(spool->requests, PROBE, block, sizeof block))
        return fail(spool, "write a file in the folder", REQUESTS, errno, err);
    unlinkat(spool->requests, PROBE, 0);
    return true;
}

void cg_spool_remove(const struct cg_spool *spool, enum cg_spool_file file, const char *id)
{
    char name[NAME_LENGTH];
    name_of(file, id, name);
    unlinkat(spool->requests, name, 0);
}

/* ---- lists */

/* The kind of file in this folder that the name has; CG_SPOOL_FILES: none. */
static enum cg_spool_file file_of(const char *name, bool answers, char id[CG_RENEWAL_ID_MAX])
{
    if (strlen(name) < CG_RENEWAL_ID_MAX)
        return CG_SPOOL_FILES;
    memcpy(id, name, CG_RENEWAL_ID_MAX - 1);
    id[CG_RENEWAL_ID_MAX - 1] = '\0';
    if (!cg_renewal_id_is_valid(id))
        return CG_SPOOL_FILES;
    for (int i = 0; i < CG_SPOOL_FILES; i++)
        if (answers == (i == CG_SPOOL_ANSWER) && strcmp(name + CG_RENEWAL_ID_MAX - 1, suffixes[i]) == 0)
            return (enum cg_spool_file)i;
    return CG_SPOOL_FILES;
}

static bool list(int folder, bool answers, cg_spool_visit_fn visit, void *context)
{
    char id[CG_RENEWAL_ID_MAX];
    int fd = folder >= 0 ? open_folder(folder, ".") : -1;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    errno = 0;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        enum cg_spool_file file = file_of(entry->d_name, answers, id);
        if (file != CG_SPOOL_FILES)
            visit(context, file, id);
        errno = 0;
    }
    bool whole = errno == 0;
    closedir(dir);
    return whole;
}

bool cg_spool_list_requests(const struct cg_spool *spool, cg_spool_visit_fn visit, void *context)
{
    return list(spool->requests, false, visit, context);
}

bool cg_spool_list_answers(const struct cg_spool *spool, cg_spool_visit_fn visit, void *context)
{
    return list(spool->answers, true, visit, context);
}
