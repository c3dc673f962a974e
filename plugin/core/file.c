/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TEXT_MAX CG_FILE_USER_MAX
#define GROUPS_MAX    256

void cg_file_user(char out[CG_FILE_USER_MAX])
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        snprintf(out, NAME_TEXT_MAX, "%s", found->pw_name);
    else
        snprintf(out, NAME_TEXT_MAX, "%u", (unsigned)geteuid());
}

static void group_text(char out[NAME_TEXT_MAX])
{
    struct group entry, *found = NULL;
    char buffer[4096];
    if (getgrgid_r(getegid(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        snprintf(out, NAME_TEXT_MAX, "%s", found->gr_name);
    else
        snprintf(out, NAME_TEXT_MAX, "%u", (unsigned)getegid());
}

bool cg_file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool cg_file_is_regular(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool cg_file_is_missing(const char *path)
{
    struct stat st;
    return lstat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

static bool may_enter(const char *path)
{
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* Cuts the last component off; false when nothing is left to cut. "a" becomes ".", "/a" becomes "/". */
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
        cg_error_set(err, "%s: expected a file, found a symbolic link to nothing; mend or remove the link", path);
        return;
    }
    to_parent(parent);
    while (to_parent(folder) && !cg_file_is_folder(folder))
        ;
    if (strcmp(folder, parent) == 0)
        cg_error_set(err, "%s: no such file (its folder exists); correct the name or put the file there", path);
    else
        cg_error_set(err, "%s: no such file or folder (%s is the nearest folder that exists); correct the path", path,
                     folder);
}

static bool in_our_groups(gid_t gid)
{
    gid_t groups[GROUPS_MAX];
    int count = getgroups(GROUPS_MAX, groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == gid)
            return true;
    return gid == getegid();
}

#define CURE_MAX (2 * PATH_MAX + NAME_TEXT_MAX + 64)

/* Lets our user in, and shuts nobody out: a group that has access keeps the file. */
static void cure_of(const char *path, const char *right, char cure[CURE_MAX])
{
    char user[NAME_TEXT_MAX], group[NAME_TEXT_MAX];
    struct stat st;
    bool known = stat(path, &st) == 0;
    cg_file_user(user);
    group_text(group);
    if (known && st.st_uid == geteuid())
        snprintf(cure, CURE_MAX, "chmod u+%s %s", right, path);
    else if (known && in_our_groups(st.st_gid))
        snprintf(cure, CURE_MAX, "chmod g+%s %s", right, path);
    else if (known && (st.st_mode & S_IRWXG))
        snprintf(cure, CURE_MAX, "setfacl -m u:%s:%s %s (package acl)", user, right, path);
    else
        snprintf(cure, CURE_MAX, "chgrp %s %s && chmod g+%s %s", group, path, right, path);
}

/* Names the folder that stops us, nearest to the root first, or else the file itself, where right is missing. */
static void explain_denied(const char *path, const char *right, struct cg_error *err)
{
    char user[NAME_TEXT_MAX], prefix[PATH_MAX], cure[CURE_MAX];
    cg_file_user(user);
    snprintf(prefix, sizeof prefix, "%s", path);
    for (char *p = prefix[0] ? strchr(prefix + 1, '/') : NULL; p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (cg_file_is_folder(prefix) && !may_enter(prefix)) {
            cure_of(prefix, "x", cure);
            cg_error_set(err, "%s: user %s may not enter the folder %s; cure: %s", path, user, prefix, cure);
            return;
        }
        *p = '/';
    }
    cure_of(path, right, cure);
    cg_error_set(err, "%s: user %s may not %s it; cure: %s", path, user, right[0] == 'x' ? "enter" : "read", cure);
}

static void explain_open(const char *path, int error, struct cg_error *err)
{
    if (error == ENOENT || error == ENOTDIR)
        explain_missing(path, err);
    else if (error == EACCES || error == EPERM)
        explain_denied(path, "r", err);
    else
        cg_error_set(err, "%s: cannot open it: %s", path, strerror(error));
}

/* With the cure that leaves us, and the group where it may read now, able to read it. */
static void explain_exposed(const char *path, const struct stat *st, struct cg_error *err)
{
    char group[NAME_TEXT_MAX], user[NAME_TEXT_MAX], cure[CURE_MAX];
    bool by_group = in_our_groups(st->st_gid), by_owner = st->st_uid == geteuid();
    cg_file_user(user);
    group_text(group);
    if (by_owner && !by_group)
        snprintf(cure, sizeof cure, "chmod 0600 %s", path);
    else if (by_group)
        snprintf(cure, sizeof cure, "chmod 0640 %s", path);
    else if (st->st_uid == 0 && (st->st_mode & S_IRGRP))
        snprintf(cure, sizeof cure, "chmod 0640 %s && setfacl -m u:%s:r %s (package acl)", path, user, path);
    else
        snprintf(cure, sizeof cure, "chgrp %s %s && chmod 0640 %s", group, path, path);
    cg_error_set(err,
                 "%s: expected a private key that only its owner (or the broker's group) may read, found mode %04o; "
                 "cure: %s",
                 path, (unsigned)(st->st_mode & 07777), cure);
}

/* A key that others may read is no secret. Group read is how a root-owned key is given to the broker (0640). */
static bool private_enough(const char *path, const struct stat *st, struct cg_error *err)
{
    bool group_read_fits = st->st_uid == 0 || in_our_groups(st->st_gid);
    bool exposed = (st->st_mode & (S_IRWXO | S_IWGRP)) != 0 || ((st->st_mode & S_IRGRP) && !group_read_fits);
    if (exposed)
        explain_exposed(path, st, err);
    return !exposed;
}

/* What others may write, they may have written. */
static bool ours_alone(const char *path, const struct stat *st, struct cg_error *err)
{
    char user[NAME_TEXT_MAX];
    cg_file_user(user);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        cg_error_set(err, "%s: expected user %s (or root) as its owner, found user %u; cure: chown %s %s", path, user,
                     (unsigned)st->st_uid, user, path);
    else if (st->st_mode & (S_IWGRP | S_IWOTH))
        cg_error_set(err,
                     "%s: expected nobody but its owner to be allowed to write, found mode %04o; cure: chmod go-w "
                     "%s",
                     path, (unsigned)(st->st_mode & 07777), path);
    else
        return true;
    return false;
}

bool cg_folder_is_safe(const char *path, struct cg_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        explain_open(path, errno, err);
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        cg_error_set(err, "%s: expected a folder, found a file; correct the name in the policy", path);
        return false;
    }
    if (!may_enter(path)) {
        explain_denied(path, "x", err);
        return false;
    }
    return ours_alone(path, &st, err);
}

static bool read_all(int fd, unsigned char *data, size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = read(fd, data + *got, len - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return true;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool acceptable(const char *path, const struct stat *st, enum cg_file_kind kind, size_t limit,
                       struct cg_error *err)
{
    if (!S_ISREG(st->st_mode)) {
        cg_error_set(err, "%s: expected a regular file, found %s", path,
                     S_ISDIR(st->st_mode) ? "a folder" : "a device, pipe or socket");
        return false;
    }
    if (st->st_size < 0 || (uintmax_t)st->st_size > limit) {
        cg_error_set(err, "%s: expected at most %zu bytes, found %jd; is it the right file?", path, limit,
                     (intmax_t)st->st_size);
        return false;
    }
    if (kind == CG_FILE_STATE)
        return ours_alone(path, st, err);
    return kind != CG_FILE_PRIVATE_KEY || private_enough(path, st, err);
}

#define LARGE ((off_t)1 << 20)

/* The length that DER says is the file's; 0: it is no DER. */
static uintmax_t der_length(const unsigned char *head, size_t len)
{
    size_t octets = len > 1 && head[0] == 0x30 && head[1] > 0x80 ? head[1] & 0x7f : 0;
    uintmax_t inside = 0;
    if (octets == 0 || octets > sizeof inside - 1 || len < 2 + octets)
        return 0;
    for (size_t i = 0; i < octets; i++)
        inside = inside << 8 | head[2 + i];
    return 2 + octets + inside;
}

#define PLACES      64
#define PLACE_BYTES 4096

static bool is_empty_at(int fd, off_t place)
{
    static const char zeros[PLACE_BYTES];
    char bytes[PLACE_BYTES];
    ssize_t len = pread(fd, bytes, sizeof bytes, place);
    return len == (ssize_t)sizeof bytes && memcmp(bytes, zeros, sizeof bytes) == 0;
}

/* Neither PEM nor the entries of a CRL have that many zeros in a row. The hole of a sparse file is found where the file
 * system tells; else, and where the space is taken but nothing was written, what is looked at shows it. */
static bool has_empty_places(int fd, off_t size)
{
    off_t hole = lseek(fd, 0, SEEK_HOLE);
    bool empty = hole >= 0 && hole < size && is_empty_at(fd, hole);
    (void)lseek(fd, 0, SEEK_SET);
    for (off_t i = 1; !empty && i < PLACES; i++)
        empty = is_empty_at(fd, size / PLACES * i);
    return empty || is_empty_at(fd, size - PLACE_BYTES);
}

/* A large file that cannot be what it should be is not read: a sparse one of two gigabytes is made in a moment. */
static bool looks_like_crls(const char *path, int fd, const struct stat *st, struct cg_error *err)
{
    char head[4096 + 1]; /* PEM may have some text in front */
    ssize_t len = st->st_size > LARGE ? pread(fd, head, sizeof head - 1, 0) : 0;
    if (st->st_size <= LARGE)
        return true;
    head[len > 0 ? len : 0] = '\0';
    bool begins = len > 0 && (strstr(head, "-----BEGIN ") ||
                              der_length((const unsigned char *)head, (size_t)len) == (uintmax_t)st->st_size);
    if (begins && !has_empty_places(fd, st->st_size))
        return true;
    cg_error_set(err, "%s: expected CRLs in PEM or DER, found %jd bytes that %s; is it the right file%s?", path,
                 (intmax_t)st->st_size, begins ? "hold nothing but zeros in places" : "do not begin like them",
                 begins ? ", written whole" : "");
    return false;
}

bool cg_file_read(const char *path, enum cg_file_kind kind, size_t limit, struct cg_bytes *out, struct cg_error *err)
{
    struct stat before, after;
    struct cg_bytes bytes = {NULL, 0};
    size_t size = 0;
    bool ok = false;
    memset(out, 0, sizeof *out);

    /* O_NONBLOCK: a pipe under this name must not stop us. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        explain_open(path, errno, err);
        return false;
    }
    if (fstat(fd, &before) != 0) {
        cg_error_set(err, "%s: cannot look at it: %s", path, strerror(errno));
        goto out;
    }
    if (!acceptable(path, &before, kind, limit, err))
        goto out;
    if (kind == CG_FILE_CRLS && !looks_like_crls(path, fd, &before, err))
        goto out;
    size = (size_t)before.st_size;
    bytes.data = malloc(size + 1);
    if (!bytes.data) {
        cg_error_set(err, "%s: no memory for its %zu bytes", path, size);
        goto out;
    }
    /* One byte more than it should have: a file that grows meanwhile is seen. */
    if (!read_all(fd, bytes.data, size + 1, &bytes.len)) {
        cg_error_set(err, "%s: cannot read it: %s", path, strerror(errno));
        goto out;
    }
    if (bytes.len != size || fstat(fd, &after) != 0 || !same_state(&before, &after)) {
        cg_error_set(err, "%s: it changed while it was read; write a new file and rename it over this one", path);
        goto out;
    }
    bytes.data[size] = '\0';
    *out = bytes;
    bytes.data = NULL;
    ok = true;
out:
    if (bytes.data && kind == CG_FILE_PRIVATE_KEY)
        OPENSSL_cleanse(bytes.data, size + 1);
    free(bytes.data);
    close(fd);
    return ok;
}

void cg_bytes_free(struct cg_bytes *bytes)
{
    if (!bytes)
        return;
    free(bytes->data);
    memset(bytes, 0, sizeof *bytes);
}

void cg_bytes_wipe(struct cg_bytes *bytes)
{
    if (bytes && bytes->data)
        OPENSSL_cleanse(bytes->data, bytes->len);
    cg_bytes_free(bytes);
}

char *cg_file_beside(const char *base, const char *name)
{
    const char *slash = base ? strrchr(base, '/') : NULL;
    if (name[0] == '/' || !slash)
        return strdup(name);
    size_t folder = (size_t)(slash - base) + 1, len = strlen(name);
    char *path = malloc(folder + len + 1);
    if (!path)
        return NULL;
    memcpy(path, base, folder);
    memcpy(path + folder, name, len + 1);
    return path;
}

static bool wanted(const char *name, const char *const *suffixes)
{
    for (; name[0] != '.' && *suffixes; suffixes++) {
        size_t len = strlen(name), tail = strlen(*suffixes);
        if (len > tail && strcmp(name + len - tail, *suffixes) == 0)
            return true;
    }
    return false;
}

static bool visit_entry(const char *folder, const char *name, cg_file_visit_fn *visit, void *context,
                        struct cg_error *err)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (!path) {
        cg_error_set(err, "%s: out of memory", folder);
        return false;
    }
    snprintf(path, size, "%s/%s", folder, name);
    bool ok = visit(context, path, err);
    free(path);
    return ok;
}

bool cg_folder_visit(const char *folder, const char *const *suffixes, cg_file_visit_fn *visit, void *context,
                     struct cg_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    bool ok = count >= 0;
    if (!ok && errno == EACCES)
        explain_denied(folder, "rx", err);
    else if (!ok)
        cg_error_set(err, "%s: cannot list the folder: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (ok && wanted(entries[i]->d_name, suffixes))
            ok = visit_entry(folder, entries[i]->d_name, visit, context, err);
        free(entries[i]);
    }
    free(entries);
    return ok;
}
