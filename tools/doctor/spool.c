/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the spool of renewal over MQTT: whether the broker can use its folders, and whether the CA empties it. */
#include "core/base/datetime.h"
#include "core/file/file.h"
#include "core/renewal/request.h"
#include "rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TMPFS     0x01021994 /* f_type, as in linux/magic.h */
#define RAMFS     0x858458f6
#define ID_LENGTH ((size_t)CG_RENEWAL_ID_MAX - 1)

static const char *spool(const struct cg_doctor *d)
{
    return d->snapshot->policy->renewal.spool;
}

/* --- the folders --- */

static bool may(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

/* What is wrong with requests/, which is the broker's own, or with answers/, which it only reads; NULL: nothing. The plugin
 * creates the one, and the tool the other. */
static const char *fault_of(const struct cg_doctor *d, const char *path, bool own)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT && (!own || may(spool(d), W_OK | X_OK)) ? NULL : strerror(errno);
    return !S_ISDIR(st.st_mode)         ? "it is not a folder"
           : own && st.st_uid != d->uid ? "it does not belong to the broker's user"
           : st.st_mode & 022           ? "others than its owner can write to it"
           : !may(path, R_OK | X_OK)    ? "the broker cannot read it"
           : own && !may(path, W_OK)    ? "the broker cannot write to it"
                                        : NULL;
}

static void report_missing(struct cg_doctor *d, const struct cg_rule_row *row)
{
    char folder[PATH_MAX], command[400], what[PATH_MAX + 256];
    snprintf(folder, sizeof folder, "%s", spool(d));
    if (may(dirname(folder), W_OK | X_OK))
        return;
    snprintf(what, sizeof what, "%s: user %s cannot create it (%s)", spool(d), d->user, strerror(errno));
    cg_doctor_user_command(d, "install -d -o", " -m 0755", command); /* its own folders are 0750 */
    cg_doctor_report_path(d, row, what, command, CG_DOCTOR_NOT_WRITTEN, spool(d));
}

static void unusable(struct cg_doctor *d, const struct cg_rule_row *row)
{
    static const struct {
        const char *name;
        bool own;
    } folders[] = {{"requests", true}, {"answers", false}};
    char path[PATH_MAX];
    if (cg_file_is_missing(spool(d))) {
        report_missing(d, row);
        return;
    }
    for (size_t i = 0; i < CG_COUNT(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", spool(d), folders[i].name);
        const char *fault = fault_of(d, path, folders[i].own);
        if (fault)
            cg_doctor_report(d, row, "%s: %s (user %s)", path, fault, d->user);
    }
}

static void volatile_spool(struct cg_doctor *d, const struct cg_rule_row *row)
{
    struct statfs fs;
    if (statfs(spool(d), &fs) == 0 && ((unsigned long)fs.f_type == TMPFS || (unsigned long)fs.f_type == RAMFS))
        cg_doctor_report(d, row, "%s", spool(d));
}

/* --- requests that wait --- */

static bool is_request(const char *name)
{
    return strspn(name, "0123456789abcdef") == ID_LENGTH && strcmp(name + ID_LENGTH, ".json") == 0;
}

/* Is there an answer from the CA, or over the control topic? */
static bool is_answered(int requests, int answers, const char *name)
{
    struct stat st;
    char other[NAME_MAX + 1];
    snprintf(other, sizeof other, "%.*s.answer", (int)ID_LENGTH, name);
    return fstatat(requests, other, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
           (answers >= 0 && fstatat(answers, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

struct waiting {
    size_t count;   /* for more than a day */
    int64_t oldest; /* s since 1970 */
};

static void count_waiting(const struct cg_doctor *d, DIR *requests, int answers, struct waiting *out)
{
    struct stat st;
    for (const struct dirent *entry; (entry = readdir(requests));) {
        const int folder = dirfd(requests);
        if (!is_request(entry->d_name) || fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            st.st_mtime > d->clock - CG_DAY || is_answered(folder, answers, entry->d_name))
            continue;
        if (!out->count++ || st.st_mtime < out->oldest)
            out->oldest = st.st_mtime;
    }
}

static void nobody_empties(struct cg_doctor *d, const struct cg_rule_row *row)
{
    struct waiting waiting = {0};
    char path[PATH_MAX], since[32];
    snprintf(path, sizeof path, "%s/requests", spool(d));
    DIR *requests = opendir(path);
    snprintf(path, sizeof path, "%s/answers", spool(d));
    int answers = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (requests)
        count_waiting(d, requests, answers, &waiting);
    cg_time_text(waiting.oldest, since, sizeof since);
    if (waiting.count)
        cg_doctor_report(d, row, "%s: %zu, the oldest since %s", spool(d), waiting.count, since);
    if (answers >= 0)
        close(answers);
    if (requests)
        closedir(requests);
}

static const struct cg_doctor_rule rules[] = {
    {{"renewal_spool_unusable", CG_LINT_ERROR, "",
      "The broker cannot use this folder for renewal over MQTT. Devices do not get new certificates.",
      CG_DOCTOR_FIX_FOUND
      "make the folder what it has to be, with mode 0750 and the broker's group: requests/ belongs to the broker's "
      "user, answers/ to the owner of the CA's folder. If another broker uses it, name another folder in "
      "renewal.spool."},
     .when = cg_doctor_renews,
     .check = unusable},
    {{"renewal_spool_volatile", CG_LINT_WARNING, "",
      "The folder is in memory. After a reboot, requests and the certificates that the CA delivered are lost.",
      "Name a folder on a disk in renewal.spool of the policy, and in install-units --spool. Requests that wait are "
      "sent again by the devices."},
     .when = cg_doctor_renews,
     .check = volatile_spool},
    {{"renewal_spool_unread", CG_LINT_WARNING, "",
      "Requests for renewal wait for more than a day. Devices whose certificates end can no longer connect.",
      "Run certguard requests on the CA's machine: it lists what waits, and why. To sign automatically, run certguard "
      "install-units there, with --spool, or with --broker and --as if the spool is on another machine."},
     .when = cg_doctor_renews,
     .check = nobody_empties},
};
const struct cg_doctor_rules cg_doctor_spool_rules = {rules, CG_COUNT(rules)};
