/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca_owner.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

void cg_owner_assume(const struct cg_ca_owner *owner)
{
    if (!owner->other)
        return;
    setfsgid(owner->gid);
    setfsuid(owner->uid);
}

void cg_owner_leave(const struct cg_ca_owner *owner)
{
    if (!owner->other)
        return;
    setfsuid(geteuid());
    setfsgid(getegid());
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
    const size_t pid = strspn(text, "0123456789"); /* and the verb: ca_lock.c */
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

static bool is_of_ca(int fd, const char *name, const struct stat *st)
{
    char text[4096];
    if (S_ISDIR(st->st_mode))
        return true; /* a folder that is root's cannot have been moved here by another */
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

void cg_owner_mend(const struct cg_ca_owner *owner, const char *dir, const char *relative)
{
    char part[PATH_MAX], *rest = part, *name = NULL;
    if (!owner->other || snprintf(part, sizeof part, "%s", relative) >= (int)sizeof part)
        return;
    const bool assumed = setfsuid((uid_t)-1) == (int)owner->uid; /* changes nothing, returns what holds */
    cg_owner_leave(owner);
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0 && (name = strsep(&rest, "/"))) {
        int next = step_into(owner, at, name);
        close(at);
        at = next;
    }
    if (at >= 0)
        close(at);
    if (assumed)
        cg_owner_assume(owner);
}
