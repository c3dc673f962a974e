/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file.h"

#include "name.h"

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
#include <sys/xattr.h>
#include <unistd.h>

#define NAME_TEXT_MAX CG_FILE_USER_MAX
#define GROUPS_MAX    256

static void user_text(uid_t uid, char out[NAME_TEXT_MAX])
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        snprintf(out, NAME_TEXT_MAX, "%s", found->pw_name);
    else
        snprintf(out, NAME_TEXT_MAX, "%u", (unsigned)uid);
}

void cg_file_user(char out[CG_FILE_USER_MAX])
{
    user_text(geteuid(), out);
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

bool cg_file_for_sh(const char *path, char *out, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+@%,:=-";
    size_t used = 0, len = strlen(path);
    bool quoted = len == 0 || path[strspn(path, plain)] != '\0';
    if (size > 0)
        out[0] = '\0';
    /* The longest that may come: every character as '\'' between ./'...' */
    char *text = malloc(4 * len + 5), *shown = malloc(4 * len + 5);
    bool ok = text && shown;
    if (ok)
        used = (size_t)snprintf(text, 4, "%s%s", quoted ? "'" : "", path[0] == '-' ? "./" : "");
    for (const char *p = path; ok && *p; p++) {
        if (*p == '\'')
            used += (size_t)snprintf(text + used, 5, "'\\''");
        else
            text[used++] = *p;
    }
    if (ok && quoted)
        text[used++] = '\'';
    ok = ok && used < size && cg_text_escape(text, used, shown, 4 * len + 5);
    if (ok)
        snprintf(out, size, "%s", shown);
    free(text);
    free(shown);
    return ok;
}

/* ---- who may do what with a file: its mode, and its ACL, which Linux shows without a library */

enum { MAY_ENTER = 1, MAY_WRITE = 2, MAY_READ = 4 };

#define NAMED_MAX 32

struct named {
    bool is_group;
    unsigned id, may;
};

struct rights {
    struct stat st;
    bool acls, has_acl;                  /* its file system knows ACLs; it has one */
    unsigned owner, group, mask, others; /* mask: what the group and the named ones have at most */
    struct named named[NAMED_MAX];
    size_t count;
};

static unsigned little_endian(const unsigned char *p, size_t octets)
{
    unsigned value = 0;
    while (octets > 0)
        value = value << 8 | p[--octets];
    return value;
}

/* One entry of system.posix_acl_access, as linux/posix_acl_xattr.h describes it. */
static bool add_entry(struct rights *r, const unsigned char entry[8])
{
    unsigned tag = little_endian(entry, 2), may = little_endian(entry + 2, 2) & 7, id = little_endian(entry + 4, 4);
    if (tag == 0x01)
        r->owner = may;
    else if (tag == 0x04)
        r->group = may;
    else if (tag == 0x10)
        r->mask = may;
    else if (tag == 0x20)
        r->others = may;
    else if ((tag != 0x02 && tag != 0x08) || r->count == NAMED_MAX)
        return false;
    else
        r->named[r->count++] = (struct named){tag == 0x08, id, may};
    return true;
}

/* False: it cannot be known. */
static bool look_at_rights(const char *path, struct rights *r)
{
    unsigned char acl[4 + 8 * (NAMED_MAX + 4)];
    memset(r, 0, sizeof *r);
    if (stat(path, &r->st) != 0)
        return false;
    r->owner = r->st.st_mode >> 6 & 7;
    r->group = r->mask = r->st.st_mode >> 3 & 7;
    r->others = r->st.st_mode & 7;
    ssize_t len = getxattr(path, "system.posix_acl_access", acl, sizeof acl);
    r->acls = len >= 0 || errno == ENODATA;
    if (len < 0)
        return r->acls || errno == ENOTSUP;
    bool ok = len >= 4 && len % 8 == 4 && little_endian(acl, 4) == 2;
    for (ssize_t i = 4; ok && i < len; i += 8)
        ok = add_entry(r, acl + i);
    r->has_acl = true;
    return ok;
}

/* Linux asks the mode alone while the mask is empty. */
static bool acl_sleeps(const struct rights *r)
{
    return r->has_acl && r->mask == 0;
}

/* What our user may do: the first that fits of owner, named user, groups, others. */
static unsigned ours_now(const struct rights *r)
{
    bool in_group = in_our_groups(r->st.st_gid);
    unsigned by_group = in_group ? r->group : 0;
    if (r->st.st_uid == geteuid())
        return r->owner;
    for (size_t i = 0; i < r->count && !acl_sleeps(r); i++) {
        const struct named *n = &r->named[i];
        if (!n->is_group && n->id == geteuid())
            return n->may & r->mask;
        if (n->is_group && in_our_groups(n->id)) {
            in_group = true;
            by_group |= n->may;
        }
    }
    return in_group ? by_group & r->mask : r->others;
}

/* What a file of this kind may give at most, or it is not accepted. */
static unsigned group_limit(enum cg_file_kind kind)
{
    return kind == CG_FILE_PRIVATE_KEY ? MAY_READ : kind == CG_FILE_STATE ? MAY_READ | MAY_ENTER : 7;
}

static unsigned others_limit(enum cg_file_kind kind)
{
    return kind == CG_FILE_PRIVATE_KEY ? 0 : group_limit(kind);
}

/* ---- cures */

/* Commands of a cure, each without the path that ends it. */
struct cure {
    char commands[3][512];
    int count;
    bool acl_package, choice; /* choice: no command is right for everybody, a person has to choose */
};

__attribute__((format(printf, 2, 3))) static void add_command(struct cure *cure, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(cure->commands[cure->count], sizeof cure->commands[0], format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof cure->commands[0])
        cure->choice = true; /* half a command does harm */
    cure->count++;
}

/* A name in a command: its number where the shell or setfacl would take the name for something else. */
static void command_name(char name[NAME_TEXT_MAX], unsigned id)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (name[0] == '-' || name[strspn(name, plain)] != '\0')
        snprintf(name, NAME_TEXT_MAX, "%u", id);
}

static void command_user(uid_t uid, char out[NAME_TEXT_MAX])
{
    user_text(uid, out);
    command_name(out, uid);
}

/* Whether our group is for us alone, as far as one look can tell: it has our name and no other member. */
static bool own_group(char out[NAME_TEXT_MAX])
{
    struct group entry, *found = NULL;
    char buffer[4096], user[NAME_TEXT_MAX];
    user_text(geteuid(), user);
    int error = getgrgid_r(getegid(), &entry, buffer, sizeof buffer, &found);
    if (error == 0 && found)
        snprintf(out, NAME_TEXT_MAX, "%s", found->gr_name);
    else
        snprintf(out, NAME_TEXT_MAX, "%u", (unsigned)getegid());
    bool alone = error == 0 && strcmp(out, user) == 0;
    for (char **member = found ? found->gr_mem : NULL; alone && member && *member; member++)
        alone = strcmp(*member, user) == 0;
    command_name(out, getegid());
    return alone;
}

static const char *letters(unsigned may)
{
    static const char *const texts[] = {"-", "x", "w", "wx", "r", "rx", "rw", "rwx"};
    return texts[may & 7];
}

/* What is asked of setfacl: who gets what, and what the file gives at most after it. */
struct grant {
    uid_t user; /* gets may, unless it is the owner */
    unsigned may, owner, limit, others;
    bool new_group; /* the file's group is changed after it */
};

__attribute__((format(printf, 3, 4))) static void add_acl(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    if (used > 0 && used + 1 < size)
        text[used++] = ',';
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

/* The group, and by its name where another group takes its place. */
static void add_group_acl(char *text, size_t size, const struct rights *r, const struct grant *g, unsigned mask)
{
    unsigned now = r->group & r->mask;
    if (!g->new_group) {
        if (r->group & mask & ~now)
            add_acl(text, size, "g::%s", letters(now));
        return;
    }
    bool named = false;
    for (size_t i = 0; i < r->count; i++)
        if (r->named[i].is_group && r->named[i].id == r->st.st_gid) {
            named = true;
            now |= r->named[i].may & r->mask;
        }
    if (named || (now & mask))
        add_acl(text, size, "g:%u:%s", (unsigned)r->st.st_gid, letters(now & mask));
    if (r->group)
        add_acl(text, size, "g::-");
}

/* setfacl counts the mask anew unless told, and a wider mask wakes rights that it held down: those are taken away. */
static void add_setfacl(struct cure *cure, const struct rights *r, const struct grant *g)
{
    char text[sizeof cure->commands[0]] = "", user[NAME_TEXT_MAX];
    bool gives = g->user != r->st.st_uid;
    unsigned mine = gives ? g->may & g->limit : 0, mask = (r->mask | mine) & g->limit;
    bool counted = !r->has_acl && !g->new_group && mask == (r->group | mine);
    command_user(g->user, user);
    if (gives)
        add_acl(text, sizeof text, "u:%s:%s", user, letters(mine));
    for (size_t i = 0; i < r->count; i++) {
        const struct named *n = &r->named[i];
        bool named_already = n->is_group ? g->new_group && n->id == r->st.st_gid
                                         : n->id == g->user && g->user != r->st.st_uid;
        if (!named_already && (n->may & mask & ~r->mask))
            add_acl(text, sizeof text, "%s:%u:%s", n->is_group ? "g" : "u", n->id, letters(n->may & r->mask));
    }
    add_group_acl(text, sizeof text, r, g, mask);
    if (g->owner != r->owner)
        add_acl(text, sizeof text, "u::%s", letters(g->owner));
    if (!counted)
        add_acl(text, sizeof text, "m::%s", letters(mask));
    if (g->others != r->others)
        add_acl(text, sizeof text, "o::%s", letters(g->others));
    add_command(cure, "setfacl %s-m %s", counted ? "" : "-n ", text);
    cure->acl_package = true;
}

/* A private key whose group may read it is root's, or of a group of ours. */
static bool group_reads_fit(const struct stat *st)
{
    return st->st_uid == 0 || in_our_groups(st->st_gid);
}

/* With chmod alone: where we are the owner, or still may do it when the file gives no more than it may. */
static bool add_chmod(struct cure *cure, const struct rights *r, unsigned right, enum cg_file_kind kind)
{
    struct rights after = *r;
    bool owner = r->st.st_uid == geteuid(), key = kind == CG_FILE_PRIVATE_KEY;
    after.owner |= owner ? right : 0;
    after.mask &= group_limit(kind);
    after.others &= others_limit(kind);
    if ((right & ~ours_now(&after)) || (key && after.mask && !group_reads_fit(&r->st)))
        return false;
    const char *others = (r->mask | r->others) & MAY_WRITE && kind == CG_FILE_STATE ? "go-w" : "";
    if (key)
        add_command(cure, "chmod 0%o%o0", after.owner, after.mask);
    else if (after.owner != r->owner)
        add_command(cure, "chmod u+%s%s%s", letters(right), others[0] ? "," : "", others);
    else
        add_command(cure, "chmod %s", others);
    return true;
}

/* By a group that is ours alone, where the file is of that group or no group has it. */
static bool add_own_group(struct cure *cure, const struct rights *r, unsigned right, enum cg_file_kind kind)
{
    char group[NAME_TEXT_MAX];
    unsigned others = r->others & others_limit(kind);
    bool is_ours = r->st.st_gid == getegid(), free_to_move = !r->group && !others && !(r->st.st_mode & S_ISGID);
    bool narrower = others != r->others || (is_ours && (r->group & ~group_limit(kind)));
    if (r->has_acl || !own_group(group) || !(is_ours || free_to_move))
        return false;
    if (narrower)
        add_command(cure, "chmod %s", kind == CG_FILE_PRIVATE_KEY ? "g-wx,o=" : "go-w");
    if (!is_ours)
        add_command(cure, "chgrp %s", group);
    add_command(cure, "chmod g+%s", letters(right));
    return true;
}

/* Lets our user in and nobody else, leaves in who was there, and leaves a file that is accepted. */
static void cure_of(struct cure *cure, const struct rights *r, unsigned right, enum cg_file_kind kind)
{
    bool owner = r->st.st_uid == geteuid();
    struct grant grant = {.user = geteuid(),
                          .may = ours_now(r) | right,
                          .owner = r->owner | (owner ? right : 0),
                          .limit = group_limit(kind),
                          .others = r->others & others_limit(kind),
                          .new_group = kind == CG_FILE_PRIVATE_KEY && !group_reads_fit(&r->st)};
    if (add_chmod(cure, r, right, kind) || add_own_group(cure, r, right, kind))
        return;
    cure->choice = !r->acls || (acl_sleeps(r) && grant.others);
    if (cure->choice)
        return;
    add_setfacl(cure, r, &grant);
    if (grant.new_group)
        add_command(cure, "chgrp %u", (unsigned)getegid());
}

/* Makes us the owner; the one before keeps what he may do besides writing. */
static void cure_of_owner(struct cure *cure, const struct rights *r)
{
    char user[NAME_TEXT_MAX];
    unsigned limit = group_limit(CG_FILE_STATE), needed = S_ISDIR(r->st.st_mode) ? 7 : MAY_READ | MAY_WRITE;
    struct grant grant = {.user = r->st.st_uid, .may = r->owner & limit, .owner = r->owner | needed, .limit = limit};
    command_user(geteuid(), user);
    grant.others = r->others & limit;
    bool same = !r->has_acl && (r->group & limit) == grant.may && grant.others == grant.may;
    bool keeps = r->st.st_uid == 0 || same;
    cure->choice = !keeps && (!r->acls || (acl_sleeps(r) && grant.others));
    add_command(cure, "chown %s", user);
    if (!keeps) {
        struct rights after = *r;
        after.st.st_uid = geteuid(); /* so that he gets an entry of his own */
        add_setfacl(cure, &after, &grant);
    } else if (((r->mask | r->others) & MAY_WRITE) || r->owner != grant.owner)
        add_command(cure, "chmod u+%s,go-w", letters(needed));
}

/* Each command with the path behind it; a long path is named once. */
static bool put_commands(const struct cure *cure, const char *path, char *out, size_t size)
{
    char word[sizeof((struct cg_error *)NULL)->text];
    size_t used = 0;
    if (!cg_file_for_sh(path, word, sizeof word))
        return false;
    bool once = cure->count > 1 && strlen(word) > 100;
    if (once)
        used += (size_t)snprintf(out, size, "f=%s; ", word);
    for (int i = 0; i < cure->count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s %s", i > 0 ? " && " : "", cure->commands[i],
                                 once ? "\"$f\"" : word);
    if (used < size && cure->acl_package)
        used += (size_t)snprintf(out + used, size - used, " (package acl)");
    return used < size;
}

/* A cure that is cut off is none: then the path at the front goes, which the cure names too, and at last the cure. */
static void set_cure(const char *path, const char *what, const struct cure *cure, const char *target,
                     struct cg_error *err)
{
    char text[sizeof err->text] = "", user[NAME_TEXT_MAX];
    cg_file_user(user);
    if (cure->choice) {
        cg_error_set(err,
                     "%.400s: %.250s; no command is right for everybody here: give it to a group that only user %s and "
                     "those who use it are in, or user %s a copy of its own",
                     path, what, user, user);
        return;
    }
    bool whole = put_commands(cure, target, text, sizeof text);
    size_t len = strlen(what) + strlen(text) + sizeof ": ; cure: ";
    if (whole && strlen(path) + len <= sizeof err->text)
        cg_error_set(err, "%s: %s; cure: %s", path, what, text);
    else if (whole && len <= sizeof err->text)
        cg_error_set(err, "%s; cure: %s", what, text);
    else
        cg_error_set(err,
                     "%.400s: %.400s; its path cannot be shown in a cure (long, or odd characters): "
                     "give it another one",
                     path, what);
}

/* Takes the first name of rest along: at becomes what it leads to, or a link's text takes its place. False: too long. */
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

/* Where a path leads, links followed as far as we may: to a folder that we may not enter (true), or to the file. */
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

static void explain_ownership(const char *path, const struct rights *r, struct cg_error *err);

/* Names the folder that stops us, nearest to the root first, or else the file itself, where right is missing. */
static void explain_denied(const char *path, unsigned right, enum cg_file_kind kind, struct cg_error *err)
{
    char user[NAME_TEXT_MAX], at[PATH_MAX], what[PATH_MAX + NAME_TEXT_MAX + 64];
    struct rights rights;
    struct cure cure = {.count = 0};
    bool folder = stops_us(path, at);
    bool known = look_at_rights(at, &rights);
    cg_file_user(user);
    if (folder) {
        right = MAY_ENTER;
        kind = CG_FILE_PUBLIC;
        snprintf(what, sizeof what, "user %s may not enter the folder %s", user, at);
    } else
        snprintf(what, sizeof what, "user %s may not %s it", user, right == MAY_ENTER ? "enter" : "read");
    if (!known || !(right & ~ours_now(&rights))) {
        cg_error_set(err,
                     "%.400s: %.400s, and not because of its mode; look at its ACL (getfacl), at AppArmor or SELinux, "
                     "and at how its file system is mounted",
                     path, what);
    } else if (kind == CG_FILE_STATE && rights.st.st_uid != 0 && rights.st.st_uid != geteuid())
        explain_ownership(path, &rights, err);
    else {
        cure_of(&cure, &rights, right, kind);
        set_cure(path, what, &cure, at, err);
    }
}

static void explain_open(const char *path, int error, enum cg_file_kind kind, struct cg_error *err)
{
    if (error == ENOENT || error == ENOTDIR)
        explain_missing(path, err);
    else if (error == EACCES || error == EPERM)
        explain_denied(path, MAY_READ, kind, err);
    else
        cg_error_set(err, "%s: cannot open it: %s", path, strerror(error));
}

/* A key that others may read is no secret. Group read is how a root-owned key is given to the broker (0640). */
static bool private_enough(const char *path, const struct stat *st, struct cg_error *err)
{
    char what[128];
    struct rights rights;
    struct cure cure = {.count = 0};
    if (!(st->st_mode & (S_IRWXO | S_IWGRP)) && (!(st->st_mode & S_IRGRP) || group_reads_fit(st)))
        return true;
    snprintf(what, sizeof what,
             "expected a private key that only its owner (or the broker's group) may read, found mode %04o",
             (unsigned)(st->st_mode & 07777));
    if (look_at_rights(path, &rights))
        cure_of(&cure, &rights, MAY_READ, CG_FILE_PRIVATE_KEY);
    else
        cure.choice = true;
    set_cure(path, what, &cure, path, err);
    return false;
}

static void explain_ownership(const char *path, const struct rights *r, struct cg_error *err)
{
    char user[NAME_TEXT_MAX], what[NAME_TEXT_MAX + 128];
    struct cure cure = {.count = 0};
    bool foreign = r->st.st_uid != 0 && r->st.st_uid != geteuid();
    cg_file_user(user);
    if (foreign)
        snprintf(what, sizeof what, "expected user %s (or root) as its owner, found user %u", user,
                 (unsigned)r->st.st_uid);
    else
        snprintf(what, sizeof what, "expected nobody but its owner to be allowed to write, found mode %04o",
                 (unsigned)(r->st.st_mode & 07777));
    if (S_ISDIR(r->st.st_mode) && (r->st.st_mode & S_ISVTX)) { /* as /tmp: everybody's */
        cg_error_set(err, "%s: %s; it is a folder that many share: name a folder of user %s's own", path, what, user);
        return;
    }
    /* What we write by way of the group now, we write as the owner then. */
    bool loses = r->st.st_uid != geteuid() && (ours_now(r) & MAY_WRITE);
    if (foreign || loses)
        cure_of_owner(&cure, r);
    else
        add_command(&cure, "chmod go-w");
    set_cure(path, what, &cure, path, err);
}

/* What others may write, they may have written. */
static bool ours_alone(const char *path, const struct stat *st, struct cg_error *err)
{
    struct rights rights;
    if ((st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH)))
        return true;
    if (!look_at_rights(path, &rights)) {
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
        explain_open(path, errno, CG_FILE_STATE, err);
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        cg_error_set(err, "%s: expected a folder, found a file; correct the name in the policy", path);
        return false;
    }
    if (!may_enter(path)) {
        explain_denied(path, MAY_ENTER, CG_FILE_STATE, err);
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
        explain_open(path, errno, kind, err);
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
        explain_denied(folder, MAY_READ | MAY_ENTER, CG_FILE_PUBLIC, err);
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
