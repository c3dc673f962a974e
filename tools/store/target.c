/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "target.h"
#include "base/failure.h"
#include "core/file/file.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void clear_one(struct cg_target *target)
{
    free(target->to);
    free(target->owner);
    free(target->group);
    free(target->connect);
}

void cg_targets_clear(struct cg_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++)
        clear_one(&targets->item[i]);
    free(targets->item);
    *targets = (struct cg_targets){0};
}

/* One more, empty; NULL without memory. */
static struct cg_target *add(struct cg_targets *targets, const char *name, struct cg_error *err)
{
    struct cg_target *item = reallocarray(targets->item, targets->count + 1, sizeof *item);
    if (!item) {
        cg_fail_errno(err, "remember the folder of", name);
        return NULL;
    }
    targets->item = item;
    item = &item[targets->count++];
    *item = (struct cg_target){0};
    snprintf(item->name, sizeof item->name, "%s", name);
    return item;
}

/* ---- the record: the first target's fields, and "also" with those of the others */

static char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? strdup(item->valuestring) : NULL;
}

static bool read_one(const cJSON *object, const char *name, struct cg_targets *targets, struct cg_error *err)
{
    struct cg_target *target = add(targets, name, err);
    const cJSON *mode = cJSON_GetObjectItemCaseSensitive(object, "mode");
    if (!target)
        return false;
    target->to = text_of(object, "to");
    target->owner = text_of(object, "owner");
    target->group = text_of(object, "group");
    target->connect = text_of(object, "connect");
    target->mode = cJSON_IsNumber(mode) ? mode->valueint : 0;
    return target->to;
}

bool cg_targets_load(const struct cg_ca *ca, const char *name, struct cg_targets *targets, struct cg_error *err)
{
    char path[PATH_MAX], relative[CG_NAME_MAX + 32];
    struct cg_bytes bytes;
    *targets = (struct cg_targets){0};
    snprintf(relative, sizeof relative, "deploy/%s.json", name);
    if (!cg_ca_has(ca, relative))
        return true;
    if (!cg_file_read(cg_ca_path(ca, path, "%s", relative), CG_FILE_PUBLIC, 65536, &bytes, err))
        return false;
    cJSON *object = cJSON_ParseWithLength((char *)bytes.data, bytes.len);
    const cJSON *others = cJSON_GetObjectItemCaseSensitive(object, "also"), *other = NULL;
    const cJSON *forgotten = cJSON_GetObjectItemCaseSensitive(object, "forgotten");
    bool ok = cJSON_IsTrue(forgotten) || read_one(object, name, targets, err);
    cJSON_ArrayForEach(other, others)
    {
        ok = ok && read_one(other, name, targets, err);
    }
    cJSON_Delete(object);
    cg_bytes_free(&bytes);
    if (!ok) {
        cg_targets_clear(targets);
        cg_error_set(err, "%s names no folder; say it again with: certguard -C %s deploy %s --to FOLDER", path,
                     ca->word, name);
    }
    return ok;
}

static void write_one(cJSON *object, const struct cg_target *target)
{
    const struct {
        const char *key, *value;
    } texts[] = {{"to", target->to}, {"owner", target->owner}, {"group", target->group}, {"connect", target->connect}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].value)
            cJSON_AddStringToObject(object, texts[i].key, texts[i].value);
    cJSON_AddNumberToObject(object, "mode", target->mode);
}

bool cg_targets_remember(struct cg_change *change, const char *name, const struct cg_targets *targets,
                         struct cg_error *err)
{
    char file[CG_NAME_MAX + 32];
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
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    snprintf(file, sizeof file, "deploy/%s.json", name);
    bool ok = text && cg_change_put(change, file, text, strlen(text), 0600, err);
    cJSON_free(text);
    return ok;
}

/* A record that cannot be read holds nobody else back. */
static bool visit_targets(const struct cg_ca *ca, const char *name, cg_target_visit_fn *visit, void *context,
                          struct cg_error *damaged, struct cg_error *err)
{
    struct cg_targets targets;
    struct cg_error fault = {""};
    bool ok = true;
    if (!cg_targets_load(ca, name, &targets, &fault)) {
        if (damaged && !damaged->text[0])
            *damaged = fault;
        return true;
    }
    for (size_t i = 0; ok && i < targets.count; i++)
        ok = visit(context, ca, &targets.item[i], err);
    cg_targets_clear(&targets);
    return ok;
}

bool cg_target_visit(const struct cg_ca *ca, cg_target_visit_fn *visit, void *context, struct cg_error *damaged,
                     struct cg_error *err)
{
    char path[PATH_MAX], name[CG_NAME_MAX + 1];
    bool ok = true;
    DIR *folder = opendir(cg_ca_path(ca, path, "deploy"));
    for (struct dirent *e; ok && folder && (e = readdir(folder));) {
        size_t len = strlen(e->d_name);
        if (len <= 5 || len > CG_NAME_MAX + 5 || strcmp(e->d_name + len - 5, ".json") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(len - 5), e->d_name);
        ok = visit_targets(ca, name, visit, context, damaged, err);
    }
    if (folder)
        closedir(folder);
    return ok;
}

/* ---- owner and mode */

bool cg_target_owner(const struct cg_target *target, mode_t mode, struct cg_owner *owner, struct cg_error *err)
{
    *owner = (struct cg_owner){(uid_t)-1, (gid_t)-1, mode};
    const struct passwd *user = target->owner ? getpwnam(target->owner) : NULL;
    const struct group *group = target->group ? getgrnam(target->group) : NULL;
    if (target->owner && !user)
        cg_error_set(err, "--owner %s: there is no such user here", target->owner);
    else if (target->group && !group)
        cg_error_set(err, "--group %s: there is no such group here", target->group);
    else {
        owner->uid = user ? user->pw_uid : (uid_t)-1;
        owner->gid = group ? group->gr_gid : (gid_t)-1;
        return true;
    }
    return false;
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
    for (size_t i = 0; !*end && i < sizeof modes / sizeof modes[0]; i++)
        if (value == modes[i]) {
            *mode = modes[i];
            return true;
        }
    cg_error_set(err,
                 "--mode %s: expected 0600, 0640, 0440 or 0400; others must not read a private key, and nobody but its "
                 "owner writes it",
                 text);
    return false;
}

static bool take(char **field, const char *value)
{
    if (!value)
        return true;
    free(*field);
    return (*field = strdup(value));
}

static bool change_one(struct cg_target *target, const struct cg_deploy_options *o, struct cg_error *err)
{
    struct cg_owner owner;
    return (!o->mode || parse_mode(o->mode, &target->mode, err)) && take(&target->owner, o->owner) &&
           take(&target->group, o->group) && take(&target->connect, o->connect) &&
           cg_target_owner(target, 0, &owner, err);
}

/* ---- which folder */

const char *cg_target_word(const struct cg_target *target, char out[PATH_MAX])
{
    if (!cg_file_shell_word(target->to, out, PATH_MAX))
        snprintf(out, PATH_MAX, "FOLDER");
    return out;
}

/* Runs from a timer have another working folder. */
static bool absolute(const char *path, char out[PATH_MAX], struct cg_error *err)
{
    char *here = path[0] == '/' ? NULL : realpath(".", NULL);
    int n = snprintf(out, PATH_MAX, "%s%s%s", here ? here : "", path[0] == '/' ? "" : "/", path);
    free(here);
    for (; n > 1 && n < PATH_MAX && out[n - 1] == '/'; n--)
        out[n - 1] = '\0';
    if (n < PATH_MAX)
        return true;
    cg_error_set(err, "--to: the path is too long");
    return false;
}

/* Through links and "..", also where the last parts of the path are not there yet. */
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
    if (stat(one, &x) == 0 && stat(other, &y) == 0) /* a bind mount too */
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    resolve(one, a);
    resolve(other, b);
    return strcmp(a, b) == 0;
}

static bool other_has(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char word[PATH_MAX];
    const struct cg_target *wanted = *(const struct cg_target **)context;
    if (strcmp(target->name, wanted->name) == 0 || !same_folder(target->to, wanted->to))
        return true;
    cg_error_set(
        err,
        "%s is the folder of \"%s\"; two names in one folder overwrite each other's key and certificate at every "
        "renewal. Use a folder for each, or end the other's first: certguard -C %s deploy %s --forget %s",
        wanted->to, target->name, ca->word, target->name, cg_target_word(target, word));
    return false;
}

/* certguard alone chooses what is in there, and takes away what it does not know. */
static bool is_store(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    const struct cg_target *wanted = context;
    char store[PATH_MAX], folder[PATH_MAX];
    (void)ca;
    resolve(target->to, store);
    resolve(wanted->to, folder);
    const size_t len = strlen(store);
    static const char below[] = "/.certguard";
    const char *rest = strncmp(folder, store, len) == 0 ? folder + len : "";
    const bool stored = strncmp(rest, below, strlen(below)) == 0 &&
                        (!rest[strlen(below)] || rest[strlen(below)] == '/');
    if (stored)
        cg_error_set(err, "%s is in .certguard/, where certguard keeps the generations of %s; deploy to another folder",
                     wanted->to, target->to);
    return !stored;
}

bool cg_target_is_own(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char folder[PATH_MAX], dir[PATH_MAX];
    size_t len;
    resolve(target->to, folder);
    resolve(ca->dir, dir);
    len = strlen(dir);
    if (strncmp(folder, dir, len) == 0 && (folder[len] == '/' || !folder[len])) {
        cg_error_set(err, "%s is in the CA's own folder; deploy to a folder that the broker alone reads", target->to);
        return false;
    }
    struct cg_target wanted = *target;
    return cg_target_visit(ca, is_store, &wanted, NULL, err) && cg_target_visit(ca, other_has, &target, NULL, err);
}

static struct cg_target *find(struct cg_targets *targets, const char *folder)
{
    for (size_t i = 0; i < targets->count; i++)
        if (same_folder(targets->item[i].to, folder))
            return &targets->item[i];
    return NULL;
}

/* One more folder, with owner, mode and address as the one before. */
static struct cg_target *add_folder(struct cg_targets *targets, const char *name, const char *folder,
                                    struct cg_error *err)
{
    struct cg_target *target = add(targets, name, err);
    const struct cg_target *before = target && targets->count > 1 ? target - 1 : NULL;
    bool ok = target && take(&target->to, folder);
    if (ok && before) {
        target->mode = before->mode;
        ok = take(&target->owner, before->owner) && take(&target->group, before->group) &&
             take(&target->connect, before->connect);
    }
    return ok ? target : NULL;
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
    if (!target) {
        cg_error_set(err, "\"%s\" is not deployed to %s; its folders stand in %s/deploy/%s.json", name, path, ca->dir,
                     name);
        return false;
    }
    clear_one(target);
    *target = targets->item[--targets->count];
    return true;
}
