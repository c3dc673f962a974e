/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "target.h"
#include "base/array.h"
#include "base/failure.h"
#include "base/json.h"
#include "core/file/file.h"
#include "target_path.h"

#include <grp.h>
#include <limits.h>
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
    {"to", offsetof(struct cg_target, to)},       {"owner", offsetof(struct cg_target, owner)},
    {"group", offsetof(struct cg_target, group)}, {"connect", offsetof(struct cg_target, connect)},
    {"hook", offsetof(struct cg_target, hook)},
};

static char **text_of(const struct cg_target *target, size_t i)
{
    return (char **)(uintptr_t)((const char *)target + texts[i].at);
}

bool cg_target_set(char **field, const char *value)
{
    if (!value)
        return true;
    free(*field);
    return (*field = strdup(value));
}

void cg_target_clear(struct cg_target *target)
{
    for (size_t i = 0; i < CG_COUNT(texts); i++)
        free(*text_of(target, i));
    *target = (struct cg_target){0};
}

bool cg_target_copy(struct cg_target *out, const struct cg_target *target)
{
    bool ok = true;
    *out = *target;
    for (size_t i = 0; i < CG_COUNT(texts); i++)
        *text_of(out, i) = NULL;
    for (size_t i = 0; ok && i < CG_COUNT(texts); i++)
        ok = cg_target_set(text_of(out, i), *text_of(target, i));
    if (!ok)
        cg_target_clear(out);
    return ok;
}

void cg_targets_clear(struct cg_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++)
        cg_target_clear(&targets->item[i]);
    free(targets->item);
    *targets = (struct cg_targets){0};
}

struct cg_target *cg_targets_add(struct cg_targets *targets, const char *name)
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

/* ---- the parts, as words in the record and for the hook */

static const struct {
    unsigned part;
    const char *word;
} parts_words[] = {{CG_PART_CERTIFICATE, "certificate"}, {CG_PART_CA, "ca"}, {CG_PART_CRL, "crl"}};

const char *cg_parts_text(unsigned parts, char out[CG_PARTS_MAX])
{
    int len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < CG_COUNT(parts_words); i++)
        if (parts & parts_words[i].part)
            len += snprintf(out + len, CG_PARTS_MAX - (size_t)len, "%s%s", len ? " " : "", parts_words[i].word);
    return out;
}

static unsigned parts_of(const char *text)
{
    unsigned parts = 0;
    for (size_t len; *text; text += len + (text[len] == ' ')) {
        len = strcspn(text, " ");
        for (size_t i = 0; i < CG_COUNT(parts_words); i++)
            if (strlen(parts_words[i].word) == len && strncmp(text, parts_words[i].word, len) == 0)
                parts |= parts_words[i].part;
    }
    return parts;
}

/* ---- the record: the first target's fields, and "also" with those of the others */

/* 0 if it is missing or out of range. */
static unsigned whole_number(const cJSON *object, const char *key)
{
    const double number = cg_member_number(object, key);
    return number > 0 && number < UINT_MAX ? (unsigned)number : 0;
}

static bool read_one(const cJSON *object, const char *name, struct cg_targets *targets)
{
    struct cg_target *target = cg_targets_add(targets, name);
    const cJSON *mode = cJSON_GetObjectItemCaseSensitive(object, "mode");
    bool ok = target;
    for (size_t i = 0; ok && i < CG_COUNT(texts); i++)
        ok = cg_target_set(text_of(target, i),
                           cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, texts[i].key)));
    if (!ok)
        return false;
    target->mode = cJSON_IsNumber(mode) ? mode->valueint : 0;
    const unsigned seconds = whole_number(object, "hook_timeout");
    target->hook_timeout = seconds < CG_HOOK_TIMEOUT_MAX ? (int)seconds : CG_HOOK_TIMEOUT_MAX;
    target->change = whole_number(object, "change");
    target->pending = parts_of(cg_member_text(object, "pending"));
    return target->to;
}

static bool has_hook(const struct cg_targets *targets)
{
    bool found = false;
    for (size_t i = 0; !found && i < targets->count; i++)
        found = targets->item[i].hook;
    return found;
}

/* Who can write the record chooses the command. Checked by every reader, since a run that writes the record again owns it then. */
static bool is_safe(const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    char paths[2][PATH_MAX];
    struct stat st;
    cg_ca_path(ca, paths[0], "deploy");
    cg_ca_path(ca, paths[1], "deploy/%s.json", name);
    for (size_t i = 0; i < CG_COUNT(paths); i++)
        if (stat(paths[i], &st) != 0 || (st.st_mode & 022) || (st.st_uid != 0 && st.st_uid != ca->owner.uid))
            return cg_fail_text(err,
                                "cannot use %s: other users can change it, and it has the command of a hook. Check "
                                "what is in it, correct its owner, and run chmod go-w on it",
                                paths[i]);
    return true;
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
    if (ok && has_hook(targets) && !is_safe(ca, name, err)) {
        cg_targets_clear(targets);
        return false;
    }
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
    char words[CG_PARTS_MAX];
    for (size_t i = 0; i < CG_COUNT(texts); i++)
        if (*text_of(target, i))
            cJSON_AddStringToObject(object, texts[i].key, *text_of(target, i));
    cJSON_AddNumberToObject(object, "mode", target->mode);
    if (!target->hook)
        return;
    cJSON_AddNumberToObject(object, "hook_timeout", target->hook_timeout);
    cJSON_AddNumberToObject(object, "change", target->change);
    cJSON_AddStringToObject(object, "pending", cg_parts_text(target->pending, words));
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

/* ---- which folder */

const char *cg_target_word(const struct cg_target *target, char out[PATH_MAX])
{
    if (!cg_file_shell_word(target->to, out, PATH_MAX))
        snprintf(out, PATH_MAX, "FOLDER");
    return out;
}

/* Two names must not share a folder; and certguard removes unknown files from the folder .certguard of a target. */
static bool check_conflict(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char word[PATH_MAX], other[PATH_MAX], folder[PATH_MAX], store[PATH_MAX + sizeof "/.certguard"];
    const struct cg_target *wanted = *(const struct cg_target **)context;
    cg_path_resolve(target->to, other);
    cg_path_resolve(wanted->to, folder);
    snprintf(store, sizeof store, "%s/.certguard", other);
    if (cg_path_is_below(folder, store))
        return cg_fail_text(
            err,
            "cannot deploy to %s: it is in .certguard/, where certguard keeps the generations of %s. Deploy to "
            "another folder",
            wanted->to, target->to);
    if (strcmp(target->name, wanted->name) == 0 || !cg_path_is_same(target->to, wanted->to))
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
    cg_path_resolve(target->to, folder);
    cg_path_resolve(ca->dir, dir);
    if (cg_path_is_below(folder, dir))
        return cg_fail_text(
            err, "cannot deploy to %s: it is in the CA's folder. Deploy to a folder that only the broker reads",
            target->to);
    return cg_target_visit(ca, check_conflict, &target, NULL, err);
}

struct cg_target *cg_targets_find(struct cg_targets *targets, const char *folder)
{
    for (size_t i = 0; i < targets->count; i++)
        if (cg_path_is_same(targets->item[i].to, folder))
            return &targets->item[i];
    return NULL;
}

/* ---- the hook */

bool cg_target_is_pending(const struct cg_target *target)
{
    return target->hook && target->pending;
}

bool cg_target_mark(const struct cg_ca *ca, struct cg_target *target, unsigned parts, struct cg_error *err)
{
    struct cg_targets recorded;
    if (!target->hook || !parts)
        return true;
    target->pending |= parts;
    /* a damaged record is replaced after the deployment */
    struct cg_target *same = cg_targets_load(ca, target->name, &recorded, NULL) ? cg_targets_find(&recorded, target->to)
                                                                                : NULL;
    if (same) { /* another run may have changed it since target was read */
        target->change += same->change > target->change ? same->change - target->change : 0;
        target->pending |= same->pending;
        same->change = ++target->change;
        same->pending = target->pending;
    }
    const bool ok = !same || cg_targets_remember(ca, target->name, &recorded, err);
    cg_targets_clear(&recorded);
    return ok;
}

bool cg_target_unmark(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    struct cg_targets recorded;
    if (!cg_targets_load(ca, target->name, &recorded, err))
        return false;
    struct cg_target *same = cg_targets_find(&recorded, target->to);
    bool ok = true;
    if (same && same->change == target->change) {
        same->pending = 0;
        ok = cg_targets_remember(ca, target->name, &recorded, err);
    }
    cg_targets_clear(&recorded);
    return ok;
}

bool cg_target_refresh(const struct cg_ca *ca, struct cg_target *target)
{
    struct cg_targets recorded;
    struct cg_target now = {.to = NULL};
    if (!cg_targets_load(ca, target->name, &recorded, NULL))
        return false;
    const struct cg_target *same = cg_targets_find(&recorded, target->to);
    const bool ok = same && cg_target_copy(&now, same);
    cg_targets_clear(&recorded);
    if (ok) {
        cg_target_clear(target);
        *target = now;
    }
    return ok;
}
