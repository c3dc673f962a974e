/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

/* Root's groups open files too. Those of the owner take their place, so that --group may name one of them. */
static void take_groups(const struct cg_ca_owner *owner)
{
    static uid_t taken_for; /* never root's */
    if (taken_for == owner->uid)
        return;
    const struct passwd *user = getpwuid(owner->uid);
    if (!user || initgroups(user->pw_name, owner->gid) != 0)
        (void)!setgroups(1, &owner->gid);
    taken_for = owner->uid;
}

void cg_owner_assume(const struct cg_ca_owner *owner)
{
    if (!owner->other)
        return;
    take_groups(owner);
    setfsgid(owner->gid);
    setfsuid(owner->uid);
}

void cg_owner_leave(const struct cg_ca_owner *owner)
{
    if (owner->other)
        (void)cg_owner_outside();
}

struct cg_file_user cg_owner_outside(void)
{
    struct cg_file_user before = {(uid_t)setfsuid(geteuid()), 0};
    before.gid = (gid_t)setfsgid(getegid());
    return before;
}

struct cg_file_user cg_owner_enter(const struct cg_ca_owner *owner)
{
    const struct cg_file_user before = cg_owner_outside();
    cg_owner_assume(owner);
    return before;
}

void cg_owner_back(struct cg_file_user before)
{
    setfsgid(before.gid);
    setfsuid(before.uid);
}

bool cg_owner_is_root(void)
{
    return setfsuid((uid_t)-1) == 0; /* changes nothing, returns what holds */
}

struct cg_ca_owner cg_owner_of(const char *dir, const struct stat *st)
{
    struct cg_ca_owner owner = {geteuid() == 0 && st->st_uid != 0, st->st_uid, st->st_gid};
    if (!owner.other)
        return owner;
    cg_owner_assume(&owner);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cg_owner_leave(&owner);
    owner.other = fd >= 0;
    if (fd >= 0)
        close(fd);
    return owner;
}

/* The owner of a folder may rename any file into it; given away is only what reads as the file of that name does. */
static bool is_lock(const char *text, size_t len)
{
    const size_t pid = strspn(text, "0123456789"); /* and the verb: lock.c */
    return len == 0 || (pid && text[pid] == ' ' && text[len - 1] == '\n');
}

static bool is_index(const char *text, size_t len)
{
    return len == 0 || (len > 1 && strchr("VRE", text[0]) && text[1] == '\t');
}

static bool is_journal(const char *text, size_t len)
{
    return len == 0 || (strncmp(text, "{\"", 2) == 0 && strstr(text, "\"done\":\""));
}

static const struct {
    const char *name;
    bool (*reads_so)(const char *text, size_t len);
} in_place[] = {{"lock", is_lock}, {"index.txt", is_index}, {"journal.jsonl", is_journal}};

#define DEPTH_MAX 3 /* live/NAME/, archive/NAME/0001/ */

static bool is_file_of_ca(const char *name)
{
    static const char *const known[] = {"cert.pem",    "key.pem",   "key.uri",       "crl.pem", "crlnumber",
                                        "privkey.pem", "chain.pem", "fullchain.pem", "current"};
    const size_t len = strlen(name);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return strncmp(name, "put-", 4) == 0 || (len > 5 && strcmp(name + len - 5, ".json") == 0);
}

/* Whoever owns the folder above may have moved it here, with what is root's in it: every file down to the last must be
 * called as one of ours. */
static bool holds_ours(int folder, const char *name, int depth)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = list;
    for (struct dirent *e; ok && (e = readdir(list));) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        ok = fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
             (S_ISDIR(st.st_mode) ? depth > 0 && holds_ours(fd, e->d_name, depth - 1) : is_file_of_ca(e->d_name));
    }
    if (list)
        closedir(list);
    else if (fd >= 0)
        close(fd);
    return ok;
}

static bool is_of_ca(int fd, const char *name, const struct stat *st)
{
    char text[4096];
    if (S_ISDIR(st->st_mode))
        return holds_ours(fd, ".", DEPTH_MAX);
    if (!S_ISREG(st->st_mode) || st->st_nlink != 1)
        return false;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    for (size_t i = 0; n >= 0 && i < sizeof in_place / sizeof in_place[0]; i++)
        if (strcmp(name, in_place[i].name) == 0)
            return in_place[i].reads_so(text, (size_t)n);
    return false;
}

static int step_into(const struct cg_ca_owner *owner, int folder, const char *name)
{
    struct stat st;
    if (strcmp(name, "..") == 0)
        return -1;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 0 && is_of_ca(fd, name, &st) &&
        fchown(fd, owner->uid, owner->gid) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void mend_below(const struct cg_ca_owner *owner, int folder, const char *name, int depth)
{
    struct stat st;
    const bool is_folder = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
    int fd = is_folder ? step_into(owner, folder, name) : -1;
    DIR *list = fd >= 0 && depth > 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e; list && (e = readdir(list));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            mend_below(owner, fd, e->d_name, depth - 1);
    if (list)
        closedir(list);
    else if (fd >= 0)
        close(fd);
}

void cg_owner_repair_all(const struct cg_ca_owner *owner, const char *dir)
{
    static const struct {
        const char *name;
        int depth; /* of folders below it */
    } tops[] = {{"lock", 0}, {"index.txt", 0}, {"journal.jsonl", 0}, {"stage", 0},  {"ca", 0},
                {"root", 0}, {"deploy", 0},    {"live", 1},          {"archive", 2}};
    if (!owner->other)
        return;
    const struct cg_file_user before = cg_owner_outside();
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; at >= 0 && i < sizeof tops / sizeof tops[0]; i++) {
        cg_owner_repair(owner, dir, tops[i].name); /* files too */
        if (tops[i].depth)
            mend_below(owner, at, tops[i].name, tops[i].depth);
    }
    if (at >= 0)
        close(at);
    cg_owner_back(before);
}

void cg_owner_repair(const struct cg_ca_owner *owner, const char *dir, const char *relative)
{
    char part[PATH_MAX], *rest = part, *name = NULL;
    if (!owner->other || snprintf(part, sizeof part, "%s", relative) >= (int)sizeof part)
        return;
    const struct cg_file_user before = cg_owner_outside();
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0 && (name = strsep(&rest, "/"))) {
        int next = step_into(owner, at, name);
        close(at);
        at = next;
    }
    if (at >= 0)
        close(at);
    cg_owner_back(before);
}
