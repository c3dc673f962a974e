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
struct place {
    const char *folder;
    int fd, lock;
    int lock_wait_ms;
    struct stat written; /* the file that was, before it got its name */
    bool later;          /* the fault passes without anybody's doing, or by making room */
    struct cg_error *err;
};

static bool passes(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EWOULDBLOCK || error == ENFILE || error == EMFILE ||
           error == ENOMEM;
}

/* Always false. */
static bool fail(struct place *place, const char *what, const char *name, int error)
{
    char fix[400], user[CG_FILE_USER_MAX], word[300];
    cg_file_user(user);
    if (error == ENOSPC || error == EDQUOT)
        snprintf(fix, sizeof fix, "free disk space. Until then, a restart loses the numbers of new CRLs");
    else if (error == EROFS)
        snprintf(fix, sizeof fix,
                 "name a folder on a writable file system (a unit may need StateDirectory= or ReadWritePaths=), or "
                 "remove \"state\" from the policy; plugin.md lists what is then not detected");
    else if (passes(error))
        snprintf(fix, sizeof fix, "the plugin tries again");
    else if (name[0] && (error == EISDIR || error == EEXIST || error == ELOOP || error == ENXIO))
        snprintf(fix, sizeof fix, "this is not a file of the plugin; move it out of the folder");
    else if (error == EPERM)
        snprintf(fix, sizeof fix, "check it with `lsattr -d`: an immutable file or folder cannot be written");
    else if (cg_file_for_sh(place->folder, word, sizeof word))
        snprintf(fix, sizeof fix, "fix: install -d -o %s -m 0700 %s", user, word);
    else /* half a command does harm */
        snprintf(fix, sizeof fix, "create the folder for user %s only, or name one with a shorter path", user);
    place->later = passes(error);
    cg_error_set(place->err, "%s%s%s: cannot %s: %s; %s", place->folder, name[0] ? "/" : "", name, what,
                 strerror(error), fix);
    return false;
}

static bool lock(struct place *place)
{
    place->lock = openat(place->fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (place->lock < 0)
        return fail(place, "create the file", LOCK_FILE, errno);
    for (int i = 0; flock(place->lock, LOCK_EX | LOCK_NB) != 0; i++) {
        const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(place, "lock the file", LOCK_FILE, errno);
        if (i >= place->lock_wait_ms / LOCK_PAUSE_MS)
            return fail(place, "lock the file, which another process holds", LOCK_FILE, EWOULDBLOCK);
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool enter(struct place *place, const char *folder, int lock_wait_ms, struct cg_error *err)
{
    *place = (struct place){.folder = folder, .fd = -1, .lock = -1, .lock_wait_ms = lock_wait_ms, .err = err};
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return fail(place, "create the folder", "", errno);
    if (!cg_folder_is_safe(folder, err))
        return false;
    place->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->fd < 0)
        return fail(place, "open the folder", "", errno);
    return lock(place);
}

static void leave(struct place *place)
{
    if (place->lock >= 0)
        close(place->lock);
    if (place->fd >= 0)
        close(place->fd);
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

/* Under another name; whoever holds the lock is the only writer. */
static bool write_new(struct place *place, const char *text, size_t len)
{
    unlinkat(place->fd, NEW_FILE, 0); /* of a broker that was killed */
    int fd = openat(place->fd, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(place, "create the file", NEW_FILE, errno);
    bool ok = write_all(fd, text, len) && fsync(fd) == 0 && fstat(fd, &place->written) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok)
        return true;
    unlinkat(place->fd, NEW_FILE, 0);
    return fail(place, "write the file", NEW_FILE, error);
}

/* What it was stays beside it: should the file be damaged, its numbers are not lost. */
static bool replace(struct place *place)
{
    unlinkat(place->fd, CG_CRL_NUMBERS_OLD, 0);
    bool kept = linkat(place->fd, CG_CRL_NUMBERS_FILE, place->fd, CG_CRL_NUMBERS_OLD, 0) == 0;
    (void)kept; /* not all file systems can */
    if (renameat(place->fd, NEW_FILE, place->fd, CG_CRL_NUMBERS_FILE) != 0)
        return fail(place, "replace the file", CG_CRL_NUMBERS_FILE, errno);
    /* some file systems have no fsync for folders */
    return fsync(place->fd) == 0 || errno == EINVAL || fail(place, "write the folder", "", errno);
}

bool cg_crl_numbers_prepare_file(const char *folder, struct cg_error *err)
{
    struct place place;
    bool ok = enter(&place, folder, CG_NUMBERS_LOCK_WAIT_BRIEF_MS, err) && write_new(&place, "", 0);
    if (ok)
        unlinkat(place.fd, NEW_FILE, 0);
    leave(&place);
    return ok || place.later;
}

/* *text: what is to be written; NULL: nothing, the file says it already. */
static bool merge(struct place *place, const struct cg_crl_numbers *numbers, bool *found, char **text, size_t *len)
{
    struct cg_crl_numbers *before = cg_crl_numbers_new(), *now = cg_crl_numbers_new();
    char *old = NULL;
    size_t old_len = 0;
    bool ok = before && now && cg_crl_numbers_merge(now, numbers);
    if (!ok)
        fail(place, "merge the file", CG_CRL_NUMBERS_FILE, ENOMEM);
    ok = ok && cg_crl_numbers_read(before, place->folder, found, place->err);
    if (ok && (!cg_crl_numbers_merge(now, before) || !(old = cg_crl_numbers_text(before, &old_len)) ||
               (cg_crl_numbers_trim(now), !(*text = cg_crl_numbers_text(now, len)))))
        ok = fail(place, "merge the file", CG_CRL_NUMBERS_FILE, ENOMEM);
    if (ok && cg_crl_numbers_count(now) > CG_CRL_NUMBERS_LINES) {
        cg_error_set(place->err,
                     "%s: expected at most %d CRLs in use, found more; remove \"state\" from the policy, or use fewer "
                     "CRLs",
                     place->folder, CG_CRL_NUMBERS_LINES);
        ok = false;
    }
    if (ok && *found && *text && *len == old_len && memcmp(*text, old, old_len) == 0) {
        free(*text);
        *text = NULL;
    }
    free(old);
    cg_crl_numbers_free(before);
    cg_crl_numbers_free(now);
    return ok;
}

/* Unless somebody has changed it already. */
static void file_state(const struct place *place, struct cg_file_states *seen)
{
    char path[PATH_MAX];
    struct cg_file_state now;
    const struct stat *written = &place->written;
    snprintf(path, sizeof path, "%s/" CG_CRL_NUMBERS_FILE, place->folder);
    cg_file_state_look(path, &now);
    if (now.inode == written->st_ino && now.size == written->st_size &&
        now.modified_ns == (int64_t)written->st_mtim.tv_sec * 1000000000 + written->st_mtim.tv_nsec)
        cg_file_states_replace(seen, path, &now);
}

enum cg_numbers_stored cg_crl_numbers_store(const char *folder, const struct cg_crl_numbers *numbers, int lock_wait_ms,
                                            struct cg_file_states *seen, struct cg_error *err)
{
    struct place place;
    struct cg_error own;
    char *text = NULL;
    size_t len = 0;
    bool found = false;
    bool ok = enter(&place, folder, lock_wait_ms, err ? err : &own) && merge(&place, numbers, &found, &text, &len) &&
              (!text || (write_new(&place, text, len) && replace(&place)));
    if (ok && text && seen)
        file_state(&place, seen);
    free(text);
    leave(&place);
    if (!ok)
        return place.later ? CG_NUMBERS_LATER : CG_NUMBERS_NOT_STORED;
    return found ? CG_NUMBERS_STORED : CG_NUMBERS_CREATED;
}
