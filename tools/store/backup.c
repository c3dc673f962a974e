/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "backup.h"
#include "base/atomic_write.h"
#include "base/failure.h"

#include <archive.h>
#include <archive_entry.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AS_CONTENT                                                                                                     \
    (ARCHIVE_READDISK_NO_XATTR | ARCHIVE_READDISK_NO_ACL | ARCHIVE_READDISK_NO_FFLAGS | ARCHIVE_READDISK_NO_SPARSE)

/* Files of a run, not of the CA. */
static bool is_of_run(const char *name)
{
    return strcmp(name, "lock") == 0 || strcmp(name, "stage") == 0 || strcmp(name, "pending") == 0;
}

static bool put(struct archive *disk, struct archive_entry *entry, struct archive *out)
{
    char block[65536];
    la_int64_t left = archive_entry_filetype(entry) == AE_IFREG ? archive_entry_size(entry) : 0;
    la_ssize_t n = 0;
    bool ok = archive_write_header(out, entry) == ARCHIVE_OK;
    for (; ok && left > 0; left -= n) {
        n = archive_read_data(disk, block, sizeof block);
        ok = n > 0 && archive_write_data(out, block, (size_t)n) == n;
    }
    return ok;
}

/* The current folder, as certguard-ca; without the backup itself, which may be in it. */
static bool put_all(struct archive *disk, struct archive_entry *entry, struct archive *out, const struct stat *own,
                    size_t *files)
{
    char name[PATH_MAX];
    int code = archive_read_disk_open(disk, ".");
    while (code == ARCHIVE_OK && (code = archive_read_next_header2(disk, entry)) == ARCHIVE_OK) {
        const char *below = archive_entry_pathname(entry) + 1;
        const mode_t type = archive_entry_filetype(entry);
        if ((*below && is_of_run(below + 1)) || (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK))
            continue;
        if (archive_entry_ino64(entry) == (la_int64_t)own->st_ino && archive_entry_dev(entry) == own->st_dev)
            continue;
        snprintf(name, sizeof name, "certguard-ca%s", below);
        archive_entry_set_pathname(entry, name);
        archive_read_disk_descend(disk);
        code = put(disk, entry, out) ? ARCHIVE_OK : ARCHIVE_FAILED;
        ++*files;
    }
    return code == ARCHIVE_EOF;
}

static bool fault(struct cg_error *err, const struct cg_ca *ca, struct archive *disk, struct archive *out)
{
    const char *why = disk ? archive_error_string(disk) : NULL;
    why = why || !out ? why : archive_error_string(out);
    return cg_fail_text(err, "cannot back up %s: %s", ca->dir, why ? why : strerror(errno));
}

/* From within the folder, which its owner may read whatever the folder is where this runs. */
static bool put_ca(const struct cg_ca *ca, int fd, size_t *files, struct cg_error *err)
{
    struct archive *disk = archive_read_disk_new(), *out = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    struct stat own;
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    cg_owner_assume(&ca->owner);
    bool ok = disk && out && entry && fstat(fd, &own) == 0 && chdir(ca->dir) == 0 &&
              archive_read_disk_set_behavior(disk, AS_CONTENT) == ARCHIVE_OK &&
              archive_write_set_format_gnutar(out) == ARCHIVE_OK && archive_write_open_fd(out, fd) == ARCHIVE_OK &&
              put_all(disk, entry, out, &own, files);
    cg_owner_leave(&ca->owner);
    ok = (ok && archive_write_close(out) == ARCHIVE_OK) || fault(err, ca, disk, out);
    if (here >= 0) {
        (void)!fchdir(here);
        close(here);
    }
    archive_entry_free(entry);
    archive_write_free(out);
    archive_read_free(disk);
    return ok;
}

static bool write_archive(const struct cg_ca *ca, const char *path, size_t *files, struct cg_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return cg_fail_errno(err, "create", path);
    bool ok = put_ca(ca, fd, files, err) && (fsync(fd) == 0 || cg_fail_errno(err, "write", path));
    if (close(fd) != 0 && ok)
        ok = cg_fail_errno(err, "close", path);
    return ok;
}

static bool backup(const struct cg_ca *ca, const char *target, size_t *files, struct cg_error *err)
{
    char temporary[PATH_MAX];
    struct stat st;
    if (lstat(target, &st) == 0)
        return cg_fail_text(
            err, "cannot write the backup: %s exists, and a backup never overwrites a file. Choose another name",
            target);
    if (snprintf(temporary, sizeof temporary, "%s.new", target) >= (int)sizeof temporary)
        return cg_fail_text(err, "cannot write the backup %s: the path is too long", target);
    if (ca->options.dry_run)
        return true;
    unlink(temporary); /* of a killed run: because of the lock, there is no other */
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
