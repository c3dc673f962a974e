/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "change.h"
#include "base/atomic_write.h"
#include "base/failure.h"
#include "base/filesystem.h"
#include "core/base/datetime.h"
#include "core/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINE "certguard change 1\n"
#define LAST_LINE  "end\n"

#define PENDING_LIMIT ((size_t)256 << 20)

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st, (void)type, (void)place;
    return remove(path);
}

static bool remove_stage(const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    return nftw(cg_ca_path(ca, path, "stage"), remove_one, 4, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT ||
           cg_fail_errno(err, "remove", path);
}

bool cg_change_begin(struct cg_change *change, const struct cg_ca *ca, bool bulk, struct cg_error *err)
{
    char path[PATH_MAX];
    *change = (struct cg_change){.ca = ca, .bulk = bulk, .index = -1, .journal = -1};
    if (mkdir(cg_ca_path(ca, path, "stage"), 0700) != 0 && errno != EEXIST)
        return cg_fail_errno(err, "create the folder", path);
    change->steps = BIO_new(BIO_s_mem());
    return (change->steps && BIO_puts(change->steps, FIRST_LINE) > 0) || cg_fail_memory(err);
}

bool cg_change_stage_folder(const struct cg_change *change, const char *name, mode_t mode, struct cg_error *err)
{
    char path[PATH_MAX];
    return mkdir(cg_ca_path(change->ca, path, "stage/%s", name), mode) == 0 ||
           cg_fail_errno(err, "create the folder", path);
}

bool cg_change_stage_file(const struct cg_change *change, const char *name, const void *data, size_t len, mode_t mode,
                          struct cg_error *err)
{
    char path[PATH_MAX];
    const struct cg_owner owner = {(uid_t)-1, (gid_t)-1, mode};
    return cg_write_new(cg_ca_path(change->ca, path, "stage/%s", name), data, len, &owner, !change->bulk, err);
}

bool cg_change_stage_link(const struct cg_change *change, const char *name, const char *to, struct cg_error *err)
{
    char path[PATH_MAX];
    return symlink(to, cg_ca_path(change->ca, path, "stage/%s", name)) == 0 ||
           cg_fail_filesystem(err, "link", path, change->ca->dir, CG_NEEDS_LINKS);
}

static bool add_step(struct cg_change *change, struct cg_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool add_step(struct cg_change *change, struct cg_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = BIO_vprintf(change->steps, format, args);
    va_end(args);
    return n > 0 || cg_fail_memory(err);
}

bool cg_change_move(struct cg_change *change, const char *staged, const char *target, struct cg_error *err)
{
    return add_step(change, err, "move\tstage/%s\t%s\n", staged, target);
}

bool cg_change_remove(struct cg_change *change, const char *target, struct cg_error *err)
{
    return add_step(change, err, "remove\t%s\n", target);
}

bool cg_change_put(struct cg_change *change, const char *target, const void *data, size_t len, mode_t mode,
                   struct cg_error *err)
{
    char staged[32], path[PATH_MAX];
    struct stat old;
    snprintf(staged, sizeof staged, "put-%u", change->staged++);
    /* who may read the file does not change */
    if (lstat(cg_ca_path(change->ca, path, "%s", target), &old) == 0 && S_ISREG(old.st_mode))
        mode = old.st_mode & 0777;
    return cg_change_stage_file(change, staged, data, len, mode, err) && cg_change_move(change, staged, target, err);
}

bool cg_change_put_text(struct cg_change *change, const char *target, const char *text, mode_t mode,
                        struct cg_error *err)
{
    return text ? cg_change_put(change, target, text, strlen(text), mode, err) : cg_fail_memory(err);
}

bool cg_change_put_json(struct cg_change *change, const char *target, cJSON *object, struct cg_error *err)
{
    char *text = cJSON_PrintUnformatted(object);
    bool ok = cg_change_put_text(change, target, text, 0600, err);
    cJSON_free(text);
    cJSON_Delete(object);
    return ok;
}

/* The end of the file's last whole line: a line truncated by a power cut is overwritten. */
static bool end_of_lines(const struct cg_ca *ca, const char *file, off_t *end, struct cg_error *err)
{
    char path[PATH_MAX], c = '\0';
    int fd = open(cg_ca_path(ca, path, "%s", file), O_RDONLY | O_CLOEXEC);
    *end = 0;
    if (fd < 0)
        return errno == ENOENT || cg_fail_errno(err, "open", path);
    off_t at = lseek(fd, 0, SEEK_END);
    bool ok = at >= 0;
    while (ok && at > 0 && (ok = pread(fd, &c, 1, at - 1) == 1) && c != '\n')
        at--;
    close(fd);
    *end = at;
    return ok || cg_fail_errno(err, "read", path);
}

static bool append_line(struct cg_change *change, const char *file, off_t *end, const char *line, struct cg_error *err)
{
    if (strchr(line, '\n'))
        return cg_fail_text(err, "cannot append to %s: the line contains a line break", file);
    if (*end < 0 && !end_of_lines(change->ca, file, end, err))
        return false;
    if (!add_step(change, err, "line\t%s\t%" PRIdMAX "\t%s\n", file, (intmax_t)*end, line))
        return false;
    *end += (off_t)strlen(line) + 1;
    return true;
}

bool cg_change_index_line(struct cg_change *change, const char *line, struct cg_error *err)
{
    return append_line(change, "index.txt", &change->index, line, err);
}

bool cg_change_journal(struct cg_change *change, const char *done, cJSON *entry, struct cg_error *err)
{
    char when[24];
    cg_time_text(change->ca->options.now, when, sizeof when);
    bool is_made = cJSON_AddStringToObject(entry, "time", when) && cJSON_AddStringToObject(entry, "done", done);
    char *text = is_made ? cJSON_PrintUnformatted(entry) : NULL;
    cJSON_Delete(entry);
    bool ok = text ? append_line(change, "journal.jsonl", &change->journal, text, err) : cg_fail_memory(err);
    cJSON_free(text);
    return ok;
}

/* ---- carrying out ---- */

/* A missing source with an existing target was moved by an earlier attempt. */
static bool do_move(const struct cg_ca *ca, char *from, struct cg_error *err)
{
    char source[PATH_MAX], target[PATH_MAX], folder[PATH_MAX];
    char *to = strchr(from, '\t');
    if (!to)
        return false;
    *to++ = '\0';
    cg_ca_path(ca, source, "%s", from);
    cg_ca_path(ca, target, "%s", to);
    struct stat st;
    if (lstat(source, &st) != 0 && errno == ENOENT && lstat(target, &st) == 0)
        return true;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(target, '/') - target), target);
    bool is_moved = rename(source, target) == 0;
    if (!is_moved && errno == ENOENT) {
        if (!cg_make_folders(folder, 0700, err))
            return false;
        is_moved = rename(source, target) == 0;
    }
    return is_moved || cg_fail_errno(err, "rename over", target);
}

static bool do_line(const struct cg_ca *ca, char *file, struct cg_error *err)
{
    char path[PATH_MAX], *end = NULL;
    char *offset = strchr(file, '\t'), *text = offset ? strchr(offset + 1, '\t') : NULL;
    if (!text)
        return false;
    *offset++ = '\0';
    size_t len = strlen(++text);
    text[len] = '\n'; /* written with the line; the caller replaced it with NUL */
    off_t at = (off_t)strtoll(offset, &end, 10);
    int fd = open(cg_ca_path(ca, path, "%s", file), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && pwrite(fd, text, len + 1, at) == (ssize_t)(len + 1);
    if (!ok)
        cg_fail_errno(err, "append to", path);
    if (fd >= 0)
        close(fd);
    text[len] = '\0';
    return ok;
}

static bool do_remove(const struct cg_ca *ca, const char *file, struct cg_error *err)
{
    char path[PATH_MAX];
    return unlink(cg_ca_path(ca, path, "%s", file)) == 0 || errno == ENOENT || cg_fail_errno(err, "remove", path);
}

static bool do_step(const struct cg_ca *ca, char *line, struct cg_error *err)
{
    if (strncmp(line, "move\t", 5) == 0)
        return do_move(ca, line + 5, err);
    if (strncmp(line, "line\t", 5) == 0)
        return do_line(ca, line + 5, err);
    if (strncmp(line, "remove\t", 7) == 0)
        return do_remove(ca, line + 7, err);
    return cg_fail_text(err,
                        "cannot complete %s/pending: unknown step \"%.40s\". Use the newer certguard that wrote it",
                        ca->dir, line);
}

static bool sync_all(const struct cg_ca *ca, struct cg_error *err)
{
    bool ok = ca->lock >= 0 && syncfs(ca->lock) == 0;
    return ok || cg_fail_errno(err, "write to the disk", ca->dir);
}

/* text: the contents of "pending"; its line feeds are overwritten */
static bool carry_out(const struct cg_ca *ca, char *text, struct cg_error *err)
{
    char path[PATH_MAX];
    char *line = text + strlen(FIRST_LINE);
    while (strcmp(line, LAST_LINE) != 0) {
        char *feed = strchr(line, '\n');
        if (!feed)
            return false;
        *feed = '\0';
        if (!do_step(ca, line, err))
            return false;
        line = feed + 1;
    }
    if (!sync_all(ca, err))
        return false;
    if (unlink(cg_ca_path(ca, path, "pending")) != 0)
        return cg_fail_errno(err, "remove", path);
    return cg_sync_path(ca->dir, err);
}

static bool commit(struct cg_change *change, struct cg_error *err)
{
    char path[PATH_MAX], *text = NULL;
    if (!add_step(change, err, LAST_LINE))
        return false;
    size_t len = (size_t)BIO_get_mem_data(change->steps, &text);
    if (change->bulk && !sync_all(change->ca, err))
        return false;
    if (!change->bulk && !cg_sync_path(cg_ca_path(change->ca, path, "stage"), err))
        return false;
    char *copy = strndup(text, len);
    if (!copy)
        return cg_fail_memory(err);
    bool ok = cg_write_replace(cg_ca_path(change->ca, path, "pending"), text, len, NULL, err) &&
              carry_out(change->ca, copy, err);
    if (!ok && cg_ca_has(change->ca, "pending"))
        cg_error_prefix(err, "the change is committed, but not complete. The next run of certguard completes it");
    free(copy);
    return ok;
}

bool cg_change_end(struct cg_change *change, bool ok, struct cg_error *err)
{
    if (!change->ca)
        return false;
    ok = ok && commit(change, err);
    BIO_free(change->steps);
    if (!cg_ca_has(change->ca, "pending"))
        remove_stage(change->ca, NULL);
    *change = (struct cg_change){0};
    return ok;
}

bool cg_change_recover(const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_bytes bytes = {0};
    if (!cg_ca_has(ca, "pending"))
        return remove_stage(ca, err);
    if (!cg_file_read(cg_ca_path(ca, path, "pending"), CG_FILE_PUBLIC, PENDING_LIMIT, &bytes, err))
        return false;
    char *text = (char *)bytes.data;
    const size_t tail = strlen(LAST_LINE);
    bool whole = strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) == 0 && bytes.len >= tail &&
                 strcmp(text + bytes.len - tail, LAST_LINE) == 0;
    if (!whole)
        cg_error_set(err,
                     "%s is damaged. Restore the folder from a backup, or move the file away and check index.txt and "
                     "live/",
                     path);
    bool ok = whole && carry_out(ca, text, err) && remove_stage(ca, err);
    cg_bytes_free(&bytes);
    return ok;
}
