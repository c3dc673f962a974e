/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "fix.h"
#include "base/atomic_write.h"
#include "base/failure.h"
#include "cli/output.h"
#include "core/base/datetime.h"
#include "core/file/file.h"
#include "diff.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

struct cg_fix_file {
    char path[PATH_MAX]; /* resolved, so that a link is kept */
    char *before, *after;
};

struct cg_fix_mode {
    const char *path; /* borrowed from lint */
    int fd;           /* open, so that the checked file is the one that is changed */
    mode_t before, after;
    gid_t group; /* (gid_t)-1: unchanged */
};

/* --- lines --- */

static enum cg_line_fix fix_for(const struct cg_doctor *d, const char *file, unsigned number)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct cg_conf_line *line = d->finding[i].line;
        if (d->finding[i].safe != CG_LINE_KEEP && line->file == file && line->line == number)
            return d->finding[i].safe;
    }
    return CG_LINE_KEEP;
}

static void write_line(FILE *out, enum cg_line_fix fix, const char *line, size_t len)
{
    size_t blank = strspn(line, " \t"), key = strcspn(line + blank, " \t\r\n");
    bool carriage = len && line[len - 1] == '\r';
    if (fix == CG_LINE_SET_TRUE)
        fprintf(out, "%.*s true%s", (int)(blank + key), line, carriage ? "\r" : "");
    else
        fprintf(out, "%s%.*s", fix == CG_LINE_COMMENT_OUT ? "# " : "", (int)len, line);
}

static char *fixed_text(const struct cg_doctor *d, const char *file, const char *text)
{
    char *after = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&after, &size);
    unsigned number = 0;
    if (!out)
        return NULL;
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        write_line(out, fix_for(d, file, ++number), line, len);
        line += len;
        if (*line)
            putc(*line++, out);
    }
    if (fclose(out) == 0)
        return after;
    free(after);
    return NULL;
}

/* A file may be included twice, by its name and by a link. */
static bool is_planned(const struct cg_fix *fix, const char *path)
{
    for (size_t i = 0; i < fix->nfiles; i++)
        if (strcmp(fix->file[i].path, path) == 0)
            return true;
    return false;
}

static bool plan_file(struct cg_fix *fix, const struct cg_doctor *d, const char *file, struct cg_error *err)
{
    struct cg_fix_file *to = &fix->file[fix->nfiles];
    struct cg_bytes bytes;
    if (!realpath(file, to->path))
        return cg_fail_errno(err, "find", file);
    if (is_planned(fix, to->path))
        return true;
    if (!cg_file_read(file, CG_FILE_PUBLIC, CG_CONF_FILE_MAX, &bytes, err))
        return false;
    to->before = (char *)bytes.data;
    to->after = fixed_text(d, file, to->before);
    if (to->after && strcmp(to->before, to->after) != 0) {
        fix->nfiles++;
        return true;
    }
    const bool ok = to->after || cg_fail_memory(err);
    free(to->after);
    free(to->before);
    return ok;
}

/* --- modes of keys --- */

static bool is_same(const struct stat *st, const char *file)
{
    struct stat other;
    return file && stat(file, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* Does the broker read this key, by any path? */
static bool is_for_broker(const struct cg_doctor *d, const struct stat *st)
{
    const struct cg_policy *policy = d->snapshot ? d->snapshot->policy : NULL;
    for (size_t i = 0; i < d->conf.count; i++)
        if ((strcmp(d->conf.item[i].key, "keyfile") == 0 || strcmp(d->conf.item[i].key, "bridge_keyfile") == 0) &&
            is_same(st, d->conf.item[i].value))
            return true;
    for (size_t i = 0; policy && i <= policy->nlisteners; i++) {
        const struct cg_listener_policy *section = cg_policy_section(policy, i);
        for (size_t k = 0; k < section->ncredentials; k++)
            if (is_same(st, section->credentials[k].key))
                return true;
    }
    return false;
}

/* The owner's default group, or the broker's: nobody gave the key to another group on purpose. */
static bool is_usual_group(const struct cg_doctor *d, const struct stat *st)
{
    const struct passwd *owner = getpwuid(st->st_uid);
    return st->st_gid == d->gid || (owner && st->st_gid == owner->pw_gid);
}

/* Lint may have followed a link that has changed since. Only a key that everyone can read is changed. */
static bool is_open_key(int fd, const struct stat *st)
{
    static const char mark[] = "PRIVATE KEY-----";
    char text[4096];
    ssize_t len = S_ISREG(st->st_mode) && (st->st_mode & S_IROTH) ? pread(fd, text, sizeof text, 0) : -1;
    return len > 0 && memmem(text, (size_t)len, mark, strlen(mark));
}

/* Is it certain that only the broker needs the key, and that it can still read it afterwards? Others may need a key
 * that this configuration does not name, or that an ACL or a group gives access to. */
static bool is_changeable(const struct cg_doctor *d, int fd, const struct stat *st)
{
    struct statvfs fs;
    bool writable = fstatvfs(fd, &fs) == 0 && !(fs.f_flag & ST_RDONLY);
    bool has_acl = fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0;
    bool is_ours = st->st_uid == geteuid() && (st->st_uid == d->uid || st->st_gid == d->gid);
    return writable && !has_acl && is_open_key(fd, st) && is_for_broker(d, st) && (is_ours || geteuid() == 0) &&
           is_usual_group(d, st);
}

/* Only the owner keeps access, and the broker through its group if it is another user. Only root can set that group. A key
 * that is not changed keeps its finding and its fix. */
static void plan_mode(struct cg_fix *fix, const struct cg_doctor *d, const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    bool changeable = fstat(fd, &st) == 0 && is_changeable(d, fd, &st), known = d->user_is_known && d->uid != (uid_t)-1;
    fix->user_unknown = fix->user_unknown || (changeable && !known);
    if (!changeable || !known) {
        close(fd);
        return;
    }
    bool through_group = st.st_uid != d->uid;
    fix->mode[fix->nmodes++] = (struct cg_fix_mode){.path = file,
                                                    .fd = fd,
                                                    .before = st.st_mode & 07777,
                                                    .after = through_group ? 0640 : st.st_mode & 0700,
                                                    .group = through_group && st.st_gid != d->gid ? d->gid : (gid_t)-1};
}

/* --- the plan --- */

bool cg_fix_plan(struct cg_fix *fix, const struct cg_doctor *d, struct cg_error *err)
{
    bool ok = true;
    *fix = (struct cg_fix){.file = calloc(d->conf.nfiles, sizeof *fix->file),
                           .mode = calloc(cg_lint_count(d->lint) + 1, sizeof *fix->mode)};
    if (!fix->file || !fix->mode)
        return cg_fail_memory(err);
    for (size_t i = 0; ok && i < d->conf.nfiles; i++)
        ok = plan_file(fix, d, d->conf.files[i], err);
    for (size_t i = 0; ok && i < cg_lint_count(d->lint); i++) {
        const struct cg_lint_finding *f = cg_lint_finding(d->lint, i);
        if (strcmp(f->row->id, "key_open_to_all") == 0)
            plan_mode(fix, d, f->file);
    }
    return ok;
}

void cg_fix_clear(struct cg_fix *fix)
{
    for (size_t i = 0; i < fix->nfiles; i++) {
        free(fix->file[i].before);
        free(fix->file[i].after);
    }
    for (size_t i = 0; i < fix->nmodes; i++)
        close(fix->mode[i].fd);
    free(fix->file);
    free(fix->mode);
    *fix = (struct cg_fix){0};
}

bool cg_fix_show(const struct cg_cli *cli, const struct cg_fix *fix, struct cg_error *err)
{
    for (size_t i = 0; !cli->quiet && i < fix->nfiles; i++)
        if (!cg_diff_show(fix->file[i].path, fix->file[i].after, err))
            return false;
    for (size_t i = 0; i < fix->nmodes; i++) {
        const struct cg_fix_mode *m = &fix->mode[i];
        cg_say(cli, "--- %s\n+++ %s\n-mode %04o\n+mode %04o", m->path, m->path, (unsigned)m->before,
               (unsigned)m->after);
        if (m->group != (gid_t)-1)
            cg_say(cli, "+group %u", (unsigned)m->group);
    }
    return true;
}

/* "20261231T235959Z", without colons, for a file name. */
static void file_time(int64_t seconds, char out[CG_TIME_TEXT_MAX])
{
    char text[CG_TIME_TEXT_MAX];
    cg_time_print(seconds, text);
    for (const char *c = text; *c; c++)
        if (*c != '-' && *c != ':')
            *out++ = *c;
    *out = '\0';
}

static bool replace(const struct cg_cli *cli, const struct cg_fix_file *f, struct cg_error *err)
{
    char kept[PATH_MAX + 64], when[CG_TIME_TEXT_MAX];
    struct stat st;
    if (stat(f->path, &st) != 0)
        return cg_fail_errno(err, "check", f->path);
    const struct cg_owner owner = {st.st_uid, st.st_gid, st.st_mode & 07777};
    file_time(cli->clock, when);
    snprintf(kept, sizeof kept, "%s.before-%s", f->path, when);
    if (!cg_write_new(kept, f->before, strlen(f->before), &owner, true, err) ||
        !cg_write_replace(f->path, f->after, strlen(f->after), NULL, err))
        return false;
    cg_say(cli, "changed %s; the old text is in %s", f->path, kept);
    return true;
}

bool cg_fix_apply(const struct cg_cli *cli, const struct cg_fix *fix, struct cg_error *err)
{
    for (size_t i = 0; i < fix->nmodes; i++) {
        const struct cg_fix_mode *m = &fix->mode[i];
        bool ok = m->group == (gid_t)-1 || fchown(m->fd, (uid_t)-1, m->group) == 0;
        if (!ok || fchmod(m->fd, m->after) != 0)
            return cg_fail_errno(err, "change the mode of", m->path);
        cg_say(cli, "changed the mode of %s", m->path);
    }
    for (size_t i = 0; i < fix->nfiles; i++)
        if (!replace(cli, &fix->file[i], err))
            return false;
    return true;
}
