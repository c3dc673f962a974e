/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file_fix.h"

#include "file_path.h"

#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The most that a file of this kind may allow. */
static unsigned group_limit(enum cg_file_kind kind)
{
    return kind == CG_FILE_PRIVATE_KEY ? MAY_READ : kind == CG_FILE_STATE ? MAY_READ | MAY_ENTER : 7;
}

static unsigned others_limit(enum cg_file_kind kind)
{
    return kind == CG_FILE_PRIVATE_KEY ? 0 : group_limit(kind);
}

void cg_fix_add(struct fix *fix, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(fix->commands[fix->count], sizeof fix->commands[0], format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof fix->commands[0])
        fix->choice = true; /* an incomplete command does harm */
    fix->count++;
}

/* A name in a command; its number if the shell or setfacl could misread the name. */
static void command_name(char name[NAME_TEXT_MAX], unsigned id)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (name[0] == '-' || name[strspn(name, plain)] != '\0')
        snprintf(name, NAME_TEXT_MAX, "%u", id);
}

static void command_user(uid_t uid, char out[NAME_TEXT_MAX])
{
    cg_user_text(uid, out);
    command_name(out, uid);
}

/* Whether our group is ours alone: it has our name and no other member. Other users with this primary group are not
 * seen. */
static bool own_group(char out[NAME_TEXT_MAX])
{
    struct group entry, *found = NULL;
    char buffer[4096], user[NAME_TEXT_MAX];
    cg_user_text(cg_file_uid(), user);
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

/* Input of add_setfacl: what a user gets, and the limits of the file afterwards. */
struct grant {
    uid_t user; /* gets "may", unless it is the owner */
    unsigned may, owner, limit, others;
    bool new_group; /* a later command changes the file's group */
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

/* The entry of the group, and an entry with its name if another group replaces it. */
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

/* setfacl recalculates the mask unless -n is given. A wider mask enables rights that the old one disabled, so those
 * are removed. */
static void add_setfacl(struct fix *fix, const struct rights *r, const struct grant *g)
{
    char text[sizeof fix->commands[0]] = "", user[NAME_TEXT_MAX];
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
    cg_fix_add(fix, "setfacl %s-m %s", counted ? "" : "-n ", text);
    fix->acl_package = true;
}

/* With chmod only: if we are the owner, or if a file with reduced permissions is still readable for us. */
static bool add_chmod(struct fix *fix, const struct rights *r, unsigned right, enum cg_file_kind kind)
{
    struct rights after = *r;
    bool owner = r->st.st_uid == cg_file_uid(), key = kind == CG_FILE_PRIVATE_KEY;
    after.owner |= owner ? right : 0;
    after.mask &= group_limit(kind);
    after.others &= others_limit(kind);
    if ((right & ~cg_rights_of_user(&after)) || (key && after.mask && !cg_group_may_read_key(&r->st)))
        return false;
    const char *others = (r->mask | r->others) & MAY_WRITE && kind == CG_FILE_STATE ? "go-w" : "";
    if (key)
        cg_fix_add(fix, "chmod 0%o%o0", after.owner, after.mask);
    else if (after.owner != r->owner)
        cg_fix_add(fix, "chmod u+%s%s%s", letters(right), others[0] ? "," : "", others);
    else
        cg_fix_add(fix, "chmod %s", others);
    return true;
}

/* Through a group that is ours alone, if the file belongs to it or gives its group no access. */
static bool add_own_group(struct fix *fix, const struct rights *r, unsigned right, enum cg_file_kind kind)
{
    char group[NAME_TEXT_MAX];
    unsigned others = r->others & others_limit(kind);
    bool is_ours = r->st.st_gid == getegid(), free_to_move = !r->group && !others && !(r->st.st_mode & S_ISGID);
    bool narrower = others != r->others || (is_ours && (r->group & ~group_limit(kind)));
    if (r->has_acl || !own_group(group) || !(is_ours || free_to_move))
        return false;
    if (narrower)
        cg_fix_add(fix, "chmod %s", kind == CG_FILE_PRIVATE_KEY ? "g-wx,o=" : "go-w");
    if (!is_ours)
        cg_fix_add(fix, "chgrp %s", group);
    cg_fix_add(fix, "chmod g+%s", letters(right));
    return true;
}

/* Gives our user access and nobody else, keeps the access of others, and leaves a file that is accepted. */
void cg_fix_find(struct fix *fix, const struct rights *r, unsigned right, enum cg_file_kind kind)
{
    bool owner = r->st.st_uid == cg_file_uid();
    struct grant grant = {.user = cg_file_uid(),
                          .may = cg_rights_of_user(r) | right,
                          .owner = r->owner | (owner ? right : 0),
                          .limit = group_limit(kind),
                          .others = r->others & others_limit(kind),
                          .new_group = kind == CG_FILE_PRIVATE_KEY && !cg_group_may_read_key(&r->st)};
    fix->read_only = r->read_only;
    if (fix->read_only || add_chmod(fix, r, right, kind) || add_own_group(fix, r, right, kind))
        return;
    fix->choice = !r->acls || (cg_rights_acl_inactive(r) && grant.others);
    if (fix->choice)
        return;
    add_setfacl(fix, r, &grant);
    if (grant.new_group)
        cg_fix_add(fix, "chgrp %u", (unsigned)getegid());
}

/* Makes us the owner. The previous owner keeps all rights except writing. */
void cg_fix_owner(struct fix *fix, const struct rights *r)
{
    char user[NAME_TEXT_MAX];
    unsigned limit = group_limit(CG_FILE_STATE), needed = S_ISDIR(r->st.st_mode) ? 7 : MAY_READ | MAY_WRITE;
    struct grant grant = {.user = r->st.st_uid, .may = r->owner & limit, .owner = r->owner | needed, .limit = limit};
    command_user(cg_file_uid(), user);
    grant.others = r->others & limit;
    bool same = !r->has_acl && (r->group & limit) == grant.may && grant.others == grant.may;
    bool keeps = r->st.st_uid == 0 || same;
    fix->choice = !keeps && (!r->acls || (cg_rights_acl_inactive(r) && grant.others));
    cg_fix_add(fix, "chown %s", user);
    if (!keeps) {
        struct rights after = *r;
        after.st.st_uid = cg_file_uid(); /* so that the previous owner gets an entry */
        add_setfacl(fix, &after, &grant);
    } else if (((r->mask | r->others) & MAY_WRITE) || r->owner != grant.owner)
        cg_fix_add(fix, "chmod u+%s,go-w", letters(needed));
}

/* Each command, followed by the path. A long path is written once. */
static bool put_commands(const struct fix *fix, const char *path, char *out, size_t size)
{
    char word[sizeof((struct cg_error *)NULL)->text];
    size_t used = 0;
    if (!cg_file_shell_word(path, word, sizeof word))
        return false;
    bool once = fix->count > 1 && strlen(word) > 100;
    if (once)
        used += (size_t)snprintf(out, size, "f=%s; ", word);
    for (int i = 0; i < fix->count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s %s", i > 0 ? " && " : "", fix->commands[i],
                                 once ? "\"$f\"" : word);
    if (used < size && fix->acl_package)
        used += (size_t)snprintf(out + used, size - used, " (package acl)");
    return used < size;
}

/* Never cuts a fix. If there is not enough room, leaves out the path at the front, which the fix contains too, and
 * finally the fix. */
void cg_fix_describe(const char *path, const char *what, const struct fix *fix, const char *target,
                     struct cg_error *err)
{
    char text[sizeof err->text] = "", user[NAME_TEXT_MAX];
    cg_file_user(user);
    if (fix->read_only) {
        cg_error_set(err, "%.400s: %.250s; " CG_FILE_READ_ONLY_FIX, path, what, (unsigned)getegid());
        return;
    }
    if (fix->choice) {
        cg_error_set(err,
                     "%.400s: %.250s. No single command fits here. Give it to a group whose only members are user %s "
                     "and those who use it now, or give user %s a separate copy",
                     path, what, user, user);
        return;
    }
    bool whole = put_commands(fix, target, text, sizeof text);
    size_t len = strlen(what) + strlen(text) + sizeof ": ; fix: ";
    if (whole && strlen(path) + len <= sizeof err->text)
        cg_error_set(err, "%s: %s; fix: %s", path, what, text);
    else if (whole && len <= sizeof err->text)
        cg_error_set(err, "%s; fix: %s", what, text);
    else
        cg_error_set(err,
                     "%.400s: %.400s. Its path is too long for a command or has unusual characters. Use another path",
                     path, what);
}
