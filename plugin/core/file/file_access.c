/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file_access.h"

#include "file_fix.h"
#include "file_path.h"
#include "file_rights.h"
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool may_enter(const char *path)
{
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* Removes the last component; false if there is none left. "a" becomes ".", "/a" becomes "/". */
static bool to_parent(char *path)
{
    if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
        return false;
    char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(path, 2, ".");
    else if (slash == path)
        path[1] = '\0';
    else
        *slash = '\0';
    return true;
}

static void explain_missing(const char *path, struct cg_error *err)
{
    char folder[PATH_MAX], parent[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    snprintf(parent, sizeof parent, "%s", path);
    struct stat st;
    if (lstat(path, &st) == 0) {
        cg_error_set(err, "%s: expected a file, found a symbolic link to a missing file. Correct or remove the link",
                     path);
        return;
    }
    to_parent(parent);
    while (to_parent(folder) && !cg_file_is_folder(folder))
        ;
    if (strcmp(folder, parent) == 0)
        cg_error_set(err, "%s: no such file (its folder exists). Correct the name or put the file there", path);
    else
        cg_error_set(err, "%s: no such file or folder (%s is the nearest folder that exists). Correct the path", path,
                     folder);
}

/* Resolves the first name of rest: at becomes its target, or the text of a link replaces it in rest. False if the
 * result is too long. */
static bool step_into(char at[PATH_MAX], char rest[PATH_MAX])
{
    char link[PATH_MAX], next[2 * PATH_MAX + 2];
    const char *name = rest + strspn(rest, "/");
    size_t len = strcspn(name, "/");
    const char *left = name + len;
    if (len == 2 && strncmp(name, "..", len) == 0)
        to_parent(at);
    else if (len > 0 && !(len == 1 && name[0] == '.')) {
        snprintf(next, sizeof next, "%s/%.*s", strcmp(at, "/") == 0 ? "" : at, (int)len, name);
        if (strlen(next) >= PATH_MAX)
            return false;
        ssize_t n = readlink(next, link, sizeof link - 1);
        if (n <= 0)
            memcpy(at, next, strlen(next) + 1);
        else {
            link[n] = '\0';
            snprintf(next, sizeof next, "%s%s", link, left);
            if (strlen(next) >= PATH_MAX)
                return false;
            if (link[0] == '/')
                snprintf(at, PATH_MAX, "/");
            memcpy(rest, next, strlen(next) + 1);
            return true;
        }
    }
    memmove(rest, left, strlen(left) + 1);
    return true;
}

/* Follows a path and its links as far as we may: at is a folder that we may not enter (true), or the file. */
static bool stops_us(const char *path, char at[PATH_MAX])
{
    char rest[PATH_MAX];
    snprintf(rest, sizeof rest, "%s", path);
    if (path[0] == '/' || !getcwd(at, PATH_MAX))
        snprintf(at, PATH_MAX, "%s", path[0] == '/' ? "/" : ".");
    for (int steps = 0; rest[strspn(rest, "/")]; steps++) {
        if (cg_file_is_folder(at) && !may_enter(at))
            return true;
        if (steps == PATH_MAX || !step_into(at, rest)) {
            snprintf(at, PATH_MAX, "%s", path);
            return false;
        }
    }
    return false;
}

/* The layout of certbot and of certguard's folder: live/ contains a link, and each renewal writes new files with
 * their own permissions to archive/. */
static bool is_renewed(const char *path, const char *at)
{
    return strstr(path, "/live/") && strstr(at, "/archive");
}

static void explain_ownership(const char *path, const struct rights *r, struct cg_error *err);

/* Names the first folder from the root that we may not enter, otherwise the file itself, for which right is missing. */
static void explain_denied(const char *path, unsigned right, enum cg_file_kind kind, struct cg_error *err)
{
    char user[NAME_TEXT_MAX], at[PATH_MAX], what[PATH_MAX + NAME_TEXT_MAX + 256];
    struct rights rights;
    struct fix fix = {.count = 0};
    bool folder = stops_us(path, at);
    bool known = cg_rights_read(at, &rights);
    const char *renewed = is_renewed(path, at) ? " (each renewal writes new files there; use copies instead, from a "
                                                 "deploy hook of certbot or certguard deploy NAME --to FOLDER)"
                                               : "";
    cg_file_user(user);
    if (folder) {
        right = MAY_ENTER;
        kind = CG_FILE_PUBLIC;
        snprintf(what, sizeof what, "user %s may not enter the folder %s%s", user, at, renewed);
    } else
        snprintf(what, sizeof what, "user %s may not %s it%s", user, right == MAY_ENTER ? "enter" : "read", renewed);
    if (!known || !(right & ~cg_rights_of_user(&rights))) {
        cg_error_set(err,
                     "%.400s: %.400s, and its mode is not the cause. Check its ACL (getfacl), AppArmor or SELinux, and "
                     "how its file system is mounted",
                     path, what);
    } else if (kind == CG_FILE_STATE && rights.st.st_uid != 0 && rights.st.st_uid != cg_file_uid())
        explain_ownership(path, &rights, err);
    else {
        cg_fix_find(&fix, &rights, right, kind);
        cg_fix_describe(path, what, &fix, at, err);
    }
}

void cg_access_explain(const char *path, int error, enum cg_file_kind kind, struct cg_error *err)
{
    if (error == ENOENT || error == ENOTDIR)
        explain_missing(path, err);
    else if (error == EACCES || error == EPERM)
        explain_denied(path, MAY_READ, kind, err);
    else
        cg_error_set(err, "%s: cannot open the file: %s", path, strerror(error));
}

void cg_access_explain_folder(const char *path, struct cg_error *err)
{
    explain_denied(path, MAY_READ | MAY_ENTER, CG_FILE_PUBLIC, err);
}

/* A key that others may read is no secret. Group read access gives a root-owned key to the broker (0640). */
bool cg_access_is_private(const char *path, const struct stat *st, struct cg_error *err)
{
    char what[128];
    struct rights rights;
    struct fix fix = {.count = 0};
    if (!(st->st_mode & (S_IRWXO | S_IWGRP)) && (!(st->st_mode & S_IRGRP) || cg_group_may_read_key(st)))
        return true;
    snprintf(what, sizeof what,
             "expected a private key that only its owner (or the broker's group) may read, found mode %04o",
             (unsigned)(st->st_mode & 07777));
    if (cg_rights_read(path, &rights))
        cg_fix_find(&fix, &rights, MAY_READ, CG_FILE_PRIVATE_KEY);
    else
        fix.choice = true;
    cg_fix_describe(path, what, &fix, path, err);
    return false;
}

static void explain_ownership(const char *path, const struct rights *r, struct cg_error *err)
{
    char user[NAME_TEXT_MAX], what[NAME_TEXT_MAX + 128];
    struct fix fix = {.count = 0};
    bool foreign = r->st.st_uid != 0 && r->st.st_uid != cg_file_uid();
    cg_file_user(user);
    if (foreign)
        snprintf(what, sizeof what, "expected user %s (or root) as its owner, found user %u", user,
                 (unsigned)r->st.st_uid);
    else
        snprintf(what, sizeof what, "expected write access for its owner only, found mode %04o",
                 (unsigned)(r->st.st_mode & 07777));
    if (S_ISDIR(r->st.st_mode) && (r->st.st_mode & S_ISVTX)) { /* shared, like /tmp */
        cg_error_set(err, "%s: %s. Many users share this folder. Name a folder that belongs to user %s", path, what,
                     user);
        return;
    }
    /* After the change we write as the owner, not as a member of the group. */
    bool loses = r->st.st_uid != cg_file_uid() && (cg_rights_of_user(r) & MAY_WRITE);
    if (foreign || loses)
        cg_fix_owner(&fix, r);
    else
        cg_fix_add(&fix, "chmod go-w");
    cg_fix_describe(path, what, &fix, path, err);
}

/* A file that others may write may contain their data. */
bool cg_access_is_ours(const char *path, const struct stat *st, struct cg_error *err)
{
    struct rights rights;
    if ((st->st_uid == 0 || st->st_uid == cg_file_uid()) && !(st->st_mode & (S_IWGRP | S_IWOTH)))
        return true;
    if (!cg_rights_read(path, &rights)) {
        rights.st = *st;
        rights.acls = false;
    }
    explain_ownership(path, &rights, err);
    return false;
}

bool cg_folder_is_safe(const char *path, struct cg_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        cg_access_explain(path, errno, CG_FILE_STATE, err);
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        cg_error_set(err, "%s: expected a folder, found a file. Correct the name in the policy", path);
        return false;
    }
    if (!may_enter(path)) {
        explain_denied(path, MAY_ENTER, CG_FILE_STATE, err);
        return false;
    }
    return cg_access_is_ours(path, &st, err);
}
