/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "target.h"
#include "base/array.h"
#include "base/failure.h"
#include "core/file/file.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The texts of a target, which the record, the options and a new target of the same name share. */
static const struct {
    const char *key;
    size_t at;
} texts[] = {
    {"to", offsetof(struct cg_target, to)},
    {"owner", offsetof(struct cg_target, owner)},
    {"group", offsetof(struct cg_target, group)},
    {"connect", offsetof(struct cg_target, connect)},
};

static char **text_of(const struct cg_target *target, size_t i)
{
    return (char **)(uintptr_t)((const char *)target + texts[i].at);
}

static bool set_text(char **field, const char *value)
{
    if (!value)
        return true;
    free(*field);
    return (*field = strdup(value));
}

static void clear_one(struct cg_target *target)
{
    for (size_t i = 0; i < CG_COUNT(texts); i++)
        free(*text_of(target, i));
}

void cg_targets_clear(struct cg_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++)
        clear_one(&targets->item[i]);
    free(targets->item);
    *targets = (struct cg_targets){0};
}

/* One more, empty; NULL: out of memory. */
static struct cg_target *add(struct cg_targets *targets, const char *name)
{
    struct cg_target *item = cg_array_grow(targets->item, targets->count, sizeof *item);
    if (!item)
        return NULL;
    targets->item = item;
    item = &item[targets->count++];
    *item = (struct cg_target){0};
    snprintf(item->name, sizeof item->name, "%s", name);
    return item;
}

/* ---- the record: the first target's fields, and "also" with those of the others */

static bool read_one(const cJSON *object, const char *name, struct cg_targets *targets)
{
    struct cg_target *target = add(targets, name);
    const cJSON *mode = cJSON_GetObjectItemCaseSensitive(object, "mode");
    bool ok = target;
    for (size_t i = 0; ok && i < CG_COUNT(texts); i++)
        ok = set_text(text_of(target, i), cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, texts[i].key)));
    if (ok)
        target->mode = cJSON_IsNumber(mode) ? mode->valueint : 0;
    return ok && target->to;
}

bool cg_targets_load(const struct cg_ca *ca, const char *name, struct cg_targets *targets, struct cg_error *err)
{
    char relative[CG_NAME_MAX + 32];
    *targets = (struct cg_targets){0};
    snprintf(relative, sizeof relative, "deploy/%s.json", name);
    if (!cg_ca_has(ca, relative))
        return true;
    cJSON *object = cg_ca_json(ca, relative);
    const cJSON *others = cJSON_GetObjectItemCaseSensitive(object, "also"), *other = NULL;
    const cJSON *forgotten = cJSON_GetObjectItemCaseSensitive(object, "forgotten");
    bool ok = cJSON_IsTrue(forgotten) || read_one(object, name, targets);
    cJSON_ArrayForEach(other, others)
    {
        ok = ok && read_one(other, name, targets);
    }
    cJSON_Delete(object);
    if (!ok) {
        cg_targets_clear(targets);
        cg_error_set(err,
                     "cannot read %s/%s: it names no folder. Deploy again with: certguard -C %s deploy %s --to FOLDER",
                     ca->dir, relative, ca->word, name);
    }
    return ok;
}

/* As in the record. */
static void write_one(cJSON *object, const struct cg_target *target)
{
    for (size_t i = 0; i < CG_COUNT(texts); i++)
        if (*text_of(target, i))
            cJSON_AddStringToObject(object, texts[i].key, *text_of(target, i));
    cJSON_AddNumberToObject(object, "mode", target->mode);
}

cJSON *cg_target_json(const struct cg_target *target)
{
    cJSON *object = cJSON_CreateObject();
    write_one(object, target);
    return object;
}

bool cg_targets_remember(const struct cg_ca *ca, const char *name, const struct cg_targets *targets,
                         struct cg_error *err)
{
    char file[CG_NAME_MAX + 32];
    struct cg_change change = {0};
    cJSON *object = cJSON_CreateObject();
    cJSON *others = targets->count > 1 ? cJSON_AddArrayToObject(object, "also") : NULL;
    if (targets->count == 0)
        cJSON_AddBoolToObject(object, "forgotten", true);
    else
        write_one(object, &targets->item[0]);
    for (size_t i = 1; i < targets->count; i++) {
        cJSON *other = cJSON_CreateObject();
        write_one(other, &targets->item[i]);
        cJSON_AddItemToArray(others, other);
    }
    snprintf(file, sizeof file, "deploy/%s.json", name);
    const bool ok = cg_change_begin(&change, ca, false, err) && cg_change_put_json(&change, file, object, err);
    return cg_change_end(&change, ok, err);
}

struct visitor {
    const struct cg_ca *ca;
    cg_target_visit_fn *visit;
    void *context;
    struct cg_error *damaged;
};

static bool visit_record(void *context, const char *path, struct cg_error *err)
{
    const struct visitor *v = context;
    char name[CG_NAME_MAX + 8];
    struct cg_targets targets;
    struct cg_error fault = {""};
    bool ok = true;
    if (snprintf(name, sizeof name, "%s", strrchr(path, '/') + 1) >= (int)sizeof name)
        return true;
    *strrchr(name, '.') = '\0';
    if (!cg_targets_load(v->ca, name, &targets, &fault) && v->damaged && !v->damaged->text[0])
        *v->damaged = fault;
    for (size_t i = 0; ok && i < targets.count; i++)
        ok = v->visit(v->context, v->ca, &targets.item[i], err);
    cg_targets_clear(&targets);
    return ok;
}

bool cg_target_visit(const struct cg_ca *ca, cg_target_visit_fn *visit, void *context, struct cg_error *damaged,
                     struct cg_error *err)
{
    static const char *const suffixes[] = {".json", NULL};
    struct visitor visitor = {ca, visit, context, damaged};
    char path[PATH_MAX];
    return cg_file_is_missing(cg_ca_path(ca, path, "deploy")) ||
           cg_folder_visit(path, suffixes, visit_record, &visitor, err);
}

/* ---- owner and mode */

bool cg_target_owner(const struct cg_target *target, mode_t mode, struct cg_owner *owner, struct cg_error *err)
{
    *owner = (struct cg_owner){(uid_t)-1, (gid_t)-1, mode};
    const struct passwd *user = target->owner ? getpwnam(target->owner) : NULL;
    const struct group *group = target->group ? getgrnam(target->group) : NULL;
    if (target->owner && !user)
        return cg_fail_text(err, "invalid --owner: this machine has no user %s", target->owner);
    if (target->group && !group)
        return cg_fail_text(err, "invalid --group: this machine has no group %s", target->group);
    owner->uid = user ? user->pw_uid : (uid_t)-1;
    owner->gid = group ? group->gr_gid : (gid_t)-1;
    return true;
}

mode_t cg_target_key_mode(const struct cg_target *target)
{
    return target->mode ? (mode_t)target->mode : target->group ? 0640 : 0600;
}

static bool parse_mode(const char *text, int *mode, struct cg_error *err)
{
    static const int modes[] = {0600, 0640, 0440, 0400};
    char *end = NULL;
    long value = strtol(text, &end, 8);
    for (size_t i = 0; !*end && i < CG_COUNT(modes); i++)
        if (value == modes[i]) {
            *mode = modes[i];
            return true;
        }
    return cg_fail_text(
        err,
        "invalid --mode %s: expected 0600, 0640, 0440 or 0400. Only the owner may write a private key, and "
        "others must not read it",
        text);
}

bool cg_deploy_mode_ok(const char *mode, struct cg_error *err)
{
    int value = 0;
    return !mode || parse_mode(mode, &value, err);
}

static bool change_one(struct cg_target *target, const struct cg_deploy_options *o, struct cg_error *err)
{
    struct cg_owner owner;
    return (!o->mode || parse_mode(o->mode, &target->mode, err)) && set_text(&target->owner, o->owner) &&
           set_text(&target->group, o->group) && set_text(&target->connect, o->connect) &&
           cg_target_owner(target, 0, &owner, err);
}

/* ---- which folder */

const char *cg_target_word(const struct cg_target *target, char out[PATH_MAX])
{
    if (!cg_file_shell_word(target->to, out, PATH_MAX))
        snprintf(out, PATH_MAX, "FOLDER");
    return out;
}

/* A timer runs in another working folder. */
static bool absolute(const char *path, char out[PATH_MAX], struct cg_error *err)
{
    char *here = path[0] == '/' ? NULL : realpath(".", NULL);
    int n = snprintf(out, PATH_MAX, "%s%s%s", here ? here : "", path[0] == '/' ? "" : "/", path);
    free(here);
    for (; n > 1 && n < PATH_MAX && out[n - 1] == '/'; n--)
        out[n - 1] = '\0';
    if (n < PATH_MAX)
        return true;
    return cg_fail_text(err, "cannot use the folder of --to: the path is too long");
}

/* Resolves links and "..", also if the last parts of the path do not exist yet. */
static void resolve(const char *path, char out[PATH_MAX])
{
    char above[PATH_MAX], real[PATH_MAX];
    size_t len = (size_t)snprintf(above, sizeof above, "%s", path);
    while (!realpath(above, real) && len > 1) {
        while (len > 1 && above[len - 1] != '/')
            len--;
        while (len > 1 && above[len - 1] == '/')
            len--;
        above[len] = '\0';
    }
    const char *rest = path + len + strspn(path + len, "/");
    if (snprintf(out, PATH_MAX, "%s%s%s", real, *rest && strcmp(real, "/") != 0 ? "/" : "", rest) >= PATH_MAX)
        snprintf(out, PATH_MAX, "%s", path);
}

static bool same_folder(const char *one, const char *other)
{
    char a[PATH_MAX], b[PATH_MAX];
    struct stat x, y;
    if (stat(one, &x) == 0 && stat(other, &y) == 0) /* finds bind mounts too */
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    resolve(one, a);
    resolve(other, b);
    return strcmp(a, b) == 0;
}

static bool is_below(const char *folder, const char *above)
{
    const size_t len = strlen(above);
    return strncmp(folder, above, len) == 0 && (folder[len] == '/' || !folder[len]);
}

/* Two names must not share a folder; and certguard removes unknown files from the folder .certguard of a target. */
static bool check_conflict(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char word[PATH_MAX], other[PATH_MAX], folder[PATH_MAX], store[PATH_MAX + sizeof "/.certguard"];
    const struct cg_target *wanted = *(const struct cg_target **)context;
    resolve(target->to, other);
    resolve(wanted->to, folder);
    snprintf(store, sizeof store, "%s/.certguard", other);
    if (is_below(folder, store))
        return cg_fail_text(
            err,
            "cannot deploy to %s: it is in .certguard/, where certguard keeps the generations of %s. Deploy to "
            "another folder",
            wanted->to, target->to);
    if (strcmp(target->name, wanted->name) == 0 || !same_folder(target->to, wanted->to))
        return true;
    return cg_fail_text(
        err,
        "cannot deploy to %s: it is the folder of \"%s\", and two names in one folder overwrite each other's key "
        "and certificate. Use one folder per name, or stop the other deployment first: certguard -C %s deploy %s "
        "--forget %s",
        wanted->to, target->name, ca->word, target->name, cg_target_word(target, word));
}

bool cg_target_is_own(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char folder[PATH_MAX], dir[PATH_MAX];
    resolve(target->to, folder);
    resolve(ca->dir, dir);
    if (is_below(folder, dir))
        return cg_fail_text(
            err, "cannot deploy to %s: it is in the CA's folder. Deploy to a folder that only the broker reads",
            target->to);
    return cg_target_visit(ca, check_conflict, &target, NULL, err);
}

static struct cg_target *find(struct cg_targets *targets, const char *folder)
{
    for (size_t i = 0; i < targets->count; i++)
        if (same_folder(targets->item[i].to, folder))
            return &targets->item[i];
    return NULL;
}

/* One more folder, with owner, mode and address of the previous one. */
static struct cg_target *add_folder(struct cg_targets *targets, const char *name, const char *folder,
                                    struct cg_error *err)
{
    struct cg_target *target = add(targets, name);
    const struct cg_target *previous = target && targets->count > 1 ? target - 1 : NULL;
    bool ok = target;
    for (size_t i = 0; ok && previous && i < CG_COUNT(texts); i++)
        ok = set_text(text_of(target, i), *text_of(previous, i));
    if (ok && previous)
        target->mode = previous->mode;
    if (ok && set_text(&target->to, folder))
        return target;
    cg_fail_memory(err);
    return NULL;
}

bool cg_targets_merge(const struct cg_ca *ca, const char *name, struct cg_targets *targets,
                      const struct cg_deploy_options *o, struct cg_error *err)
{
    char folder[PATH_MAX];
    bool ok = true;
    if (o->to) {
        if (!absolute(o->to, folder, err))
            return false;
        struct cg_target *target = find(targets, folder);
        const bool is_new = !target;
        if (is_new && !(target = add_folder(targets, name, folder, err)))
            return false;
        target->is_typed = true;
        return change_one(target, o, err) && (!is_new || cg_target_is_own(ca, target, err));
    }
    for (size_t i = 0; ok && i < targets->count; i++)
        ok = change_one(&targets->item[i], o, err);
    return ok;
}

bool cg_targets_forget(const struct cg_ca *ca, const char *name, struct cg_targets *targets, const char *folder,
                       struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_target *target = absolute(folder, path, err) ? find(targets, path) : NULL;
    if (!target)
        return cg_fail_text(err, "\"%s\" is not deployed to %s. Its folders are listed in %s/deploy/%s.json", name,
                            path, ca->dir, name);
    clear_one(target);
    *target = targets->item[--targets->count];
    return true;
}
