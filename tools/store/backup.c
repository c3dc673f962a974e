/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "backup.h"
#include "archive_entry.h"
#include "base/atomic_write.h"
#include "base/failure.h"

#include <archive.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AS_CONTENT                                                                                                     \
    (ARCHIVE_READDISK_NO_XATTR | ARCHIVE_READDISK_NO_ACL | ARCHIVE_READDISK_NO_FFLAGS | ARCHIVE_READDISK_NO_SPARSE)

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

struct backup {
    const struct cg_ca *ca;
    const char *target;
    struct cg_progress *progress;
    struct cg_backup_result *result;
    struct stat own; /* of the archive, which may be in the folder */
    struct archive *disk, *out;
};

/* Neither sockets and the like nor the files of a run nor the backup itself. name: below the folder. */
static bool is_left_out(const struct backup *b, struct archive_entry *entry, const char *name)
{
    const mode_t type = archive_entry_filetype(entry);
    return cg_archive_is_of_run(name) || (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK) ||
           (archive_entry_ino64(entry) == (la_int64_t)b->own.st_ino && archive_entry_dev(entry) == b->own.st_dev);
}

static bool put_entry(struct backup *b, struct archive_entry *entry, struct cg_error *err)
{
    char path[PATH_MAX];
    const char *below = archive_entry_pathname(entry) + 1, *name = *below ? below + 1 : "";
    const bool is_link = archive_entry_filetype(entry) == AE_IFLNK;
    if (is_left_out(b, entry, name))
        return true;
    if (*name && !cg_archive_name_ok(name))
        return cg_fail_text(
            err,
            "cannot back up %s/%s: the name is too long or has control characters, and restore would refuse "
            "it. Rename it, or move it out of the folder",
            b->ca->dir, name);
    b->result->foreign += is_link && !cg_archive_link_ok(name, archive_entry_symlink(entry));
    snprintf(path, sizeof path, CG_BACKUP_FOLDER "%s", below);
    archive_entry_set_pathname(entry, path); /* frees the name */
    archive_read_disk_descend(b->disk);
    cg_progress(b->progress, ++b->result->entries, 0);
    return put(b->disk, entry, b->out);
}

/* The current folder, as certguard-ca. */
static bool put_all(struct backup *b, struct archive_entry *entry, struct cg_error *err)
{
    int code = archive_read_disk_open(b->disk, ".");
    while (code == ARCHIVE_OK && (code = archive_read_next_header2(b->disk, entry)) == ARCHIVE_OK)
        if (!put_entry(b, entry, err))
            return false;
    return code == ARCHIVE_EOF;
}

/* Unless the error is set: what libarchive says. */
static void explain(const struct backup *b, struct cg_error *err)
{
    const char *why = b->disk ? archive_error_string(b->disk) : NULL;
    why = why || !b->out ? why : archive_error_string(b->out);
    if (err && !err->text[0])
        cg_error_set(err, "cannot back up %s: %s", b->ca->dir, why ? why : strerror(errno));
}

/* From within the folder, which its owner may read whatever the folder is where this runs. */
static bool put_ca(struct backup *b, int fd, struct cg_error *err)
{
    struct archive_entry *entry = archive_entry_new();
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    b->disk = archive_read_disk_new();
    b->out = archive_write_new();
    cg_owner_assume(&b->ca->owner);
    bool ok = b->disk && b->out && entry && fstat(fd, &b->own) == 0 && chdir(b->ca->dir) == 0 &&
              archive_read_disk_set_behavior(b->disk, AS_CONTENT) == ARCHIVE_OK &&
              archive_write_set_format_gnutar(b->out) == ARCHIVE_OK &&
              archive_write_open_fd(b->out, fd) == ARCHIVE_OK && put_all(b, entry, err);
    cg_owner_leave(&b->ca->owner);
    ok = ok && archive_write_close(b->out) == ARCHIVE_OK;
    if (!ok)
        explain(b, err);
    if (here >= 0) {
        (void)!fchdir(here);
        close(here);
    }
    archive_entry_free(entry);
    archive_write_free(b->out);
    archive_read_free(b->disk);
    return ok;
}

static bool write_archive(struct backup *b, const char *path, struct cg_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return cg_fail_errno(err, "create", path);
    bool ok = put_ca(b, fd, err) && (fsync(fd) == 0 || cg_fail_errno(err, "write", path));
    if (close(fd) != 0 && ok)
        ok = cg_fail_errno(err, "close", path);
    return ok;
}

static bool backup(struct backup *b, struct cg_error *err)
{
    char temporary[PATH_MAX];
    struct stat st;
    if (lstat(b->target, &st) == 0)
        return cg_fail_text(
            err, "cannot write the backup: %s exists, and a backup never overwrites a file. Choose another name",
            b->target);
    if (snprintf(temporary, sizeof temporary, "%s.new", b->target) >= (int)sizeof temporary)
        return cg_fail_text(err, "cannot write the backup %s: the path is too long", b->target);
    if (b->ca->options.dry_run)
        return true;
    unlink(temporary); /* of a killed run: because of the lock, there is no other */
    bool ok = write_archive(b, temporary, err);
    if (ok && rename(temporary, b->target) != 0)
        ok = cg_fail_errno(err, "rename to", b->target);
    if (!ok)
        unlink(temporary);
    return ok && cg_sync_parent(b->target, err);
}

bool cg_ca_backup(const struct cg_ca *ca, const char *target, struct cg_progress *progress,
                  struct cg_backup_result *result, struct cg_error *err)
{
    struct backup b = {.ca = ca, .target = target, .progress = progress, .result = result};
    const struct cg_file_user before = cg_owner_outside();
    *result = (struct cg_backup_result){0};
    const bool ok = backup(&b, err);
    cg_owner_back(before);
    return ok;
}
