/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_numbers_writer.h"

#include "core/file/file.h"
#include "core/file/file_access.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NEW_FILE  CG_CRL_NUMBERS_FILE ".new"
#define LOCK_FILE CG_CRL_NUMBERS_FILE ".lock"

#define LOCK_PAUSE_MS 20

/* The folder, open and locked. */
struct folder {
    const char *path;
    int fd, lock;
    int lock_wait_ms;
    struct stat written; /* of the new file */
    bool temporary;      /* the fault may pass without a change of the folder */
    struct cg_error *err;
};

static bool is_temporary(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EWOULDBLOCK || error == ENFILE || error == EMFILE ||
           error == ENOMEM;
}

/* Always false. */
static bool fail(struct folder *folder, const char *what, const char *name, int error)
{
    char fix[400], user[CG_FILE_USER_MAX], word[300];
    cg_file_user(user);
    if (error == ENOSPC || error == EDQUOT)
        snprintf(fix, sizeof fix, "free disk space. Until then, a restart loses the numbers of new CRLs");
    else if (error == EROFS)
        snprintf(fix, sizeof fix,
                 "name a folder on a writable file system (a unit may need StateDirectory= or ReadWritePaths=), or "
                 "remove \"state\" from the policy; plugin.md describes the risk");
    else if (is_temporary(error))
        snprintf(fix, sizeof fix, "the plugin tries again");
    else if (name[0] && (error == EISDIR || error == EEXIST || error == ELOOP || error == ENXIO))
        snprintf(fix, sizeof fix, "this is not a file of the plugin; move it out of the folder");
    else if (error == EPERM)
        snprintf(fix, sizeof fix, "check it with `lsattr -d`: an immutable file or folder cannot be written");
    else if (cg_file_shell_word(folder->path, word, sizeof word))
        snprintf(fix, sizeof fix, "fix: install -d -o %s -m 0700 %s", user, word);
    else /* a command with a truncated path would be harmful */
        snprintf(fix, sizeof fix, "create the folder for user %s only, or name one with a shorter path", user);
    folder->temporary = is_temporary(error);
    cg_error_set(folder->err, "%s%s%s: cannot %s: %s; %s", folder->path, name[0] ? "/" : "", name, what,
                 strerror(error), fix);
    return false;
}

static bool lock(struct folder *folder)
{
    folder->lock = openat(folder->fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (folder->lock < 0)
        return fail(folder, "create the file", LOCK_FILE, errno);
    for (int i = 0; flock(folder->lock, LOCK_EX | LOCK_NB) != 0; i++) {
        const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(folder, "lock the file", LOCK_FILE, errno);
        if (i >= folder->lock_wait_ms / LOCK_PAUSE_MS)
            return fail(folder, "lock the file, which another process holds", LOCK_FILE, EWOULDBLOCK);
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool open_folder(struct folder *folder, const char *path, int lock_wait_ms, struct cg_error *err)
{
    *folder = (struct folder){.path = path, .fd = -1, .lock = -1, .lock_wait_ms = lock_wait_ms, .err = err};
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(folder, "create the folder", "", errno);
    if (!cg_folder_is_safe(path, err))
        return false;
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0)
        return fail(folder, "open the folder", "", errno);
    return lock(folder);
}

static void close_folder(struct folder *folder)
{
    if (folder->lock >= 0)
        close(folder->lock);
    if (folder->fd >= 0)
        close(folder->fd);
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Writes the new file under a temporary name. The lock excludes other writers. */
static bool write_new(struct folder *folder, const char *text, size_t len)
{
    unlinkat(folder->fd, NEW_FILE, 0); /* left by a broker that was killed */
    int fd = openat(folder->fd, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(folder, "create the file", NEW_FILE, errno);
    bool ok = write_all(fd, text, len) && fsync(fd) == 0 && fstat(fd, &folder->written) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok)
        return true;
    unlinkat(folder->fd, NEW_FILE, 0);
    return fail(folder, "write the file", NEW_FILE, error);
}

/* Keeps the previous file, so that the numbers are not lost if the new one is damaged. */
static bool replace(struct folder *folder)
{
    unlinkat(folder->fd, CG_CRL_NUMBERS_OLD, 0);
    bool kept = linkat(folder->fd, CG_CRL_NUMBERS_FILE, folder->fd, CG_CRL_NUMBERS_OLD, 0) == 0;
    (void)kept; /* some file systems have no links */
    if (renameat(folder->fd, NEW_FILE, folder->fd, CG_CRL_NUMBERS_FILE) != 0)
        return fail(folder, "replace the file", CG_CRL_NUMBERS_FILE, errno);
    /* some file systems have no fsync for folders */
    return fsync(folder->fd) == 0 || errno == EINVAL || fail(folder, "write the folder", "", errno);
}

bool cg_crl_numbers_prepare_file(const char *folder, struct cg_error *err)
{
    struct folder state;
    bool ok = open_folder(&state, folder, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, err) && write_new(&state, "", 0);
    if (ok)
        unlinkat(state.fd, NEW_FILE, 0);
    close_folder(&state);
    return ok || state.temporary;
}

/* *text: the new content, owned by the caller; NULL: the file is up to date. */
static bool merge(struct folder *folder, const struct cg_crl_numbers *numbers, bool *found, char **text, size_t *len)
{
    struct cg_crl_numbers *stored = cg_crl_numbers_new(), *merged = cg_crl_numbers_new();
    char *old = NULL;
    size_t old_len = 0;
    bool ok = stored && merged && cg_crl_numbers_merge(merged, numbers);
    if (!ok)
        fail(folder, "merge the file", CG_CRL_NUMBERS_FILE, ENOMEM);
    ok = ok && cg_crl_numbers_read(stored, folder->path, found, folder->err);
    if (ok && (!cg_crl_numbers_merge(merged, stored) || !(old = cg_crl_numbers_text(stored, &old_len)) ||
               (cg_crl_numbers_trim(merged), !(*text = cg_crl_numbers_text(merged, len)))))
        ok = fail(folder, "merge the file", CG_CRL_NUMBERS_FILE, ENOMEM);
    if (ok && cg_crl_numbers_count(merged) > CG_CRL_NUMBERS_LINES) {
        cg_error_set(folder->err,
                     "%s: expected at most %d CRLs in use, found more; remove \"state\" from the policy, or use fewer "
                     "CRLs",
                     folder->path, CG_CRL_NUMBERS_LINES);
        ok = false;
    }
    if (ok && *found && *text && *len == old_len && memcmp(*text, old, old_len) == 0) {
        free(*text);
        *text = NULL;
    }
    free(old);
    cg_crl_numbers_free(stored);
    cg_crl_numbers_free(merged);
    return ok;
}

/* Updates the state of the file in seen, unless the file has changed again. */
static void update_seen(const struct folder *folder, struct cg_file_states *seen)
{
    char path[PATH_MAX];
    struct cg_file_state now;
    const struct stat *written = &folder->written;
    snprintf(path, sizeof path, "%s/" CG_CRL_NUMBERS_FILE, folder->path);
    cg_file_state_read(path, &now);
    if (now.inode == written->st_ino && now.size == written->st_size &&
        now.modified_ns == (int64_t)written->st_mtim.tv_sec * 1000000000 + written->st_mtim.tv_nsec)
        cg_file_states_replace(seen, path, &now);
}

enum cg_numbers_stored cg_crl_numbers_store(const char *folder, const struct cg_crl_numbers *numbers, int lock_wait_ms,
                                            struct cg_file_states *seen, struct cg_error *err)
{
    struct folder state;
    char *text = NULL;
    size_t len = 0;
    bool found = false;
    bool ok = open_folder(&state, folder, lock_wait_ms, err) && merge(&state, numbers, &found, &text, &len) &&
              (!text || (write_new(&state, text, len) && replace(&state)));
    if (ok && text && seen)
        update_seen(&state, seen);
    free(text);
    close_folder(&state);
    if (!ok)
        return state.temporary ? CG_NUMBERS_LATER : CG_NUMBERS_NOT_STORED;
    return found ? CG_NUMBERS_STORED : CG_NUMBERS_CREATED;
}
