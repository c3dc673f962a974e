/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "backup.h"
#include "base/atomic_write.h"
#include "base/failure.h"
#include "base/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What belongs to a run, not to the CA. */
static const char *const not_kept[] = {"lock", "stage", "pending", NULL};

static bool write_archive(const struct cg_ca *ca, const char *path, size_t *files, struct cg_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out) {
        cg_fail_errno(err, "create", path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    cg_owner_assume(&ca->owner);
    bool ok = cg_tar_folder(out, ca->dir, "certguard-ca", not_kept, files, err);
    cg_owner_leave(&ca->owner);
    if (ok && !(cg_tar_end(out) && fflush(out) == 0 && fsync(fd) == 0))
        ok = cg_fail_errno(err, "write", path);
    if (fclose(out) != 0 && ok)
        ok = cg_fail_errno(err, "close", path);
    return ok;
}

static bool backup(const struct cg_ca *ca, const char *target, size_t *files, struct cg_error *err)
{
    char temporary[PATH_MAX];
    struct stat st;
    if (lstat(target, &st) == 0) {
        cg_error_set(err, "%s exists; a backup is never written over another one, choose another name", target);
        return false;
    }
    if (snprintf(temporary, sizeof temporary, "%s.new", target) >= (int)sizeof temporary) {
        cg_error_set(err, "%s: the path is too long", target);
        return false;
    }
    if (ca->options.dry_run)
        return true;
    unlink(temporary); /* of a run that was killed; the lock says that there is no other */
    bool ok = write_archive(ca, temporary, files, err);
    if (ok && rename(temporary, target) != 0)
        ok = cg_fail_errno(err, "rename to", target);
    if (!ok)
        unlink(temporary);
    return ok && cg_sync_parent(target, err);
}

bool cg_ca_backup(const struct cg_ca *ca, const char *target, size_t *files, struct cg_error *err)
{
    const struct cg_file_user before = cg_owner_outside();
    *files = 0;
    const bool ok = backup(ca, target, files, err);
    cg_owner_back(before);
    return ok;
}
