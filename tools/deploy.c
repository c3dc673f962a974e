/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "deploy.h"
#include "atomic_write.h"
#include "core/file.h"
#include "core/name.h"
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)1 << 30)

void cg_target_clear(struct cg_target *target)
{
    free(target->to);
    free(target->owner);
    free(target->group);
    free(target->connect);
    *target = (struct cg_target){0};
}

static char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? strdup(item->valuestring) : NULL;
}

bool cg_target_load(const struct cg_ca *ca, const char *name, struct cg_target *target, struct cg_error *err)
{
    char path[PATH_MAX], relative[CG_NAME_MAX + 32];
    struct cg_bytes bytes;
    *target = (struct cg_target){0};
    snprintf(relative, sizeof relative, "deploy/%s.json", name);
    if (!cg_ca_has(ca, relative))
        return true;
    if (!cg_file_read(cg_ca_path(ca, path, "%s", relative), CG_FILE_PUBLIC, 65536, &bytes, err))
        return false;
    cJSON *object = cJSON_ParseWithLength((char *)bytes.data, bytes.len);
    const cJSON *mode = cJSON_GetObjectItemCaseSensitive(object, "mode");
    target->to = text_of(object, "to");
    target->owner = text_of(object, "owner");
    target->group = text_of(object, "group");
    target->connect = text_of(object, "connect");
    target->mode = cJSON_IsNumber(mode) ? mode->valueint : 0;
    cJSON_Delete(object);
    cg_bytes_free(&bytes);
    if (!target->to)
        cg_error_set(err, "%s names no folder; say it again with: certguard -C %s deploy %s --to FOLDER", path,
                     ca->word, name);
    return target->to;
}

bool cg_target_remember(struct cg_change *change, const char *name, const struct cg_target *target,
                        struct cg_error *err)
{
    char file[CG_NAME_MAX + 32];
    const struct {
        const char *key, *value;
    } texts[] = {{"to", target->to}, {"owner", target->owner}, {"group", target->group}, {"connect", target->connect}};
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < CG_COUNT(texts); i++)
        if (texts[i].value)
            cJSON_AddStringToObject(object, texts[i].key, texts[i].value);
    cJSON_AddNumberToObject(object, "mode", target->mode);
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    snprintf(file, sizeof file, "deploy/%s.json", name);
    bool good = text && cg_change_put(change, file, text, strlen(text), 0600, err);
    cJSON_free(text);
    return good;
}

static bool owner_of(const struct cg_target *target, struct cg_owner *owner, struct cg_error *err)
{
    *owner = (struct cg_owner){(uid_t)-1, (gid_t)-1, 0644};
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

static bool take(char **field, const char *value)
{
    if (!value)
        return true;
    free(*field);
    return (*field = strdup(value));
}

/* What is given replaces what is remembered. */
bool cg_target_merge(struct cg_target *target, const struct cg_place *o, struct cg_error *err)
{
    char absolute[PATH_MAX], *end = NULL;
    if (o->mode) {
        long mode = strtol(o->mode, &end, 8);
        if (*end || mode < 0400 || mode > 0777 || mode & 07) {
            cg_error_set(err, "--mode %s: expected 0600, 0640 or 0440; others must not read a private key", o->mode);
            return false;
        }
        target->mode = (int)mode;
    }
    /* runs from a timer have another working folder */
    if (o->to && o->to[0] != '/') {
        char *here = realpath(".", NULL);
        snprintf(absolute, sizeof absolute, "%s/%s", here ? here : ".", o->to);
        free(here);
    } else {
        snprintf(absolute, sizeof absolute, "%s", o->to ? o->to : "");
    }
    struct cg_owner owner;
    return take(&target->to, o->to ? absolute : NULL) && take(&target->owner, o->owner) &&
           take(&target->group, o->group) && take(&target->connect, o->connect) && owner_of(target, &owner, err);
}

/* Nothing is written over a file that is right: whoever watches the folder would take it up again. */
static bool is_there(const char *path, const struct cg_bytes *bytes, const struct cg_owner *owner)
{
    struct stat st;
    struct cg_bytes old = {0};
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 07777) != owner->mode ||
        (owner->uid != (uid_t)-1 && owner->uid != st.st_uid) || (owner->gid != (gid_t)-1 && owner->gid != st.st_gid) ||
        (size_t)st.st_size != bytes->len || !cg_file_read(path, CG_FILE_PUBLIC, FILE_LIMIT, &old, NULL))
        return false;
    bool same = old.len == bytes->len && memcmp(old.data, bytes->data, old.len) == 0;
    cg_bytes_wipe(&old);
    return same;
}

static bool copy_file(const char *from, const char *folder, const char *name, const struct cg_owner *owner,
                      enum cg_file_kind kind, struct cg_error *err)
{
    char to[PATH_MAX];
    struct cg_bytes bytes;
    if (snprintf(to, sizeof to, "%s/%s", folder, name) >= (int)sizeof to) {
        cg_error_set(err, "%s: the path is too long", folder);
        return false;
    }
    if (!cg_file_read(from, kind, FILE_LIMIT, &bytes, err))
        return false;
    bool good = is_there(to, &bytes, owner) || cg_write_replace(to, bytes.data, bytes.len, owner, err);
    cg_bytes_wipe(&bytes);
    return good;
}

static bool copy_ca_files(const struct cg_ca *ca, const struct cg_target *target, const struct cg_owner *owner,
                          struct cg_error *err)
{
    char path[PATH_MAX];
    return copy_file(cg_ca_path(ca, path, "ca.pem"), target->to, "ca.pem", owner, CG_FILE_PUBLIC, err) &&
           copy_file(cg_ca_path(ca, path, "crl.pem"), target->to, "crl.pem", owner, CG_FILE_PUBLIC, err);
}

bool cg_deploy_name(const struct cg_ca *ca, const char *name, const struct cg_target *target, struct cg_error *err)
{
    static const char *const certificates[] = {"cert.pem", "chain.pem", "fullchain.pem"};
    char path[PATH_MAX];
    struct cg_owner owner;
    if (!owner_of(target, &owner, err) || !cg_make_folders(target->to, 0755, err))
        return false;
    struct cg_owner key_owner = owner;
    key_owner.mode = target->mode ? (mode_t)target->mode : target->group ? 0640 : 0600;
    cg_ca_path(ca, path, "live/%s/privkey.pem", name);
    if (access(path, F_OK) == 0 && !copy_file(path, target->to, "privkey.pem", &key_owner, CG_FILE_PRIVATE_KEY, err))
        return false;
    for (size_t i = 0; i < CG_COUNT(certificates); i++)
        if (!copy_file(cg_ca_path(ca, path, "live/%s/%s", name, certificates[i]), target->to, certificates[i], &owner,
                       CG_FILE_PUBLIC, err))
            return false;
    return copy_ca_files(ca, target, &owner, err);
}

static bool visit_one(const struct cg_ca *ca, const char *name, cg_target_visit_fn *visit, void *context,
                      struct cg_error *err)
{
    struct cg_target target;
    bool good = cg_target_load(ca, name, &target, err) && visit(context, ca, &target, err);
    cg_target_clear(&target);
    return good;
}

bool cg_target_visit(const struct cg_ca *ca, cg_target_visit_fn *visit, void *context, struct cg_error *err)
{
    char path[PATH_MAX], name[CG_NAME_MAX + 1];
    bool good = true;
    DIR *folder = opendir(cg_ca_path(ca, path, "deploy"));
    for (struct dirent *e; good && folder && (e = readdir(folder));) {
        size_t len = strlen(e->d_name);
        if (len <= 5 || len > CG_NAME_MAX + 5 || strcmp(e->d_name + len - 5, ".json") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(len - 5), e->d_name);
        good = visit_one(ca, name, visit, context, err);
    }
    if (folder)
        closedir(folder);
    return good;
}

bool cg_deploy_and_remember(const struct cg_ca *ca, const char *name, const struct cg_target *target,
                            struct cg_error *err)
{
    struct cg_change change = {0};
    bool good = cg_deploy_name(ca, name, target, err) && cg_change_begin(&change, ca, false, err) &&
                cg_target_remember(&change, name, target, err) && cg_change_commit(&change, err);
    cg_change_end(&change);
    return good;
}

struct crl_round {
    size_t done, failed;
    struct cg_error first;
};

/* One folder that is gone must not keep the others from knowing what was revoked. */
static bool deploy_crl_to(void *context, const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    struct crl_round *round = context;
    struct cg_error fault = {""};
    struct cg_owner owner;
    (void)err;
    if (owner_of(target, &owner, &fault) && copy_ca_files(ca, target, &owner, &fault)) {
        round->done++;
    } else if (!round->failed++) {
        round->first = fault;
    }
    return true;
}

bool cg_deploy_crl(const struct cg_ca *ca, size_t *count, struct cg_error *err)
{
    struct crl_round round = {0};
    bool good = cg_target_visit(ca, deploy_crl_to, &round, err);
    *count = round.done;
    if (good && round.failed) {
        cg_error_set(
            err, "%zu of %zu folders did not get the CRL: %s. Where a folder is no more, remove its file in %s/deploy",
            round.failed, round.failed + round.done, round.first.text, ca->dir);
        good = false;
    }
    return good;
}

unsigned cg_generation_live(const struct cg_ca *ca, const char *name)
{
    char path[PATH_MAX], to[PATH_MAX];
    ssize_t n = readlink(cg_ca_path(ca, path, "live/%s/current", name), to, sizeof to - 1);
    if (n <= 0)
        return 0;
    to[n] = '\0';
    const char *slash = strrchr(to, '/');
    return slash ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;
}

static bool journal_switch(struct cg_change *change, const char *name, unsigned generation, int64_t when,
                           struct cg_error *err)
{
    char text[24];
    cJSON *entry = cJSON_CreateObject();
    cg_time_text(when, text, sizeof text);
    cJSON_AddStringToObject(entry, "time", text);
    cJSON_AddStringToObject(entry, "done", "switched");
    cJSON_AddStringToObject(entry, "name", name);
    cJSON_AddNumberToObject(entry, "generation", generation);
    return cg_change_journal_line(change, entry, err);
}

bool cg_generation_switch(const struct cg_ca *ca, const char *name, unsigned generation, int64_t when, unsigned *now,
                          struct cg_error *err)
{
    char relative[CG_NAME_MAX + 32], to[CG_NAME_MAX + 64], target[CG_NAME_MAX + 32];
    struct cg_change change;
    unsigned wanted = generation ? generation : cg_generation_live(ca, name) - 1;
    *now = wanted;
    snprintf(relative, sizeof relative, "archive/%s/%04u", name, wanted);
    if (wanted == 0 || wanted == UINT_MAX || !cg_ca_has(ca, relative)) {
        cg_error_set(err, "\"%s\" has no earlier generation to go back to", name);
        return false;
    }
    snprintf(to, sizeof to, "../../%s", relative);
    snprintf(target, sizeof target, "live/%s/current", name);
    bool good = cg_change_begin(&change, ca, false, err) && cg_change_stage_link(&change, "current", to, err) &&
                cg_change_move(&change, "current", target, err) && journal_switch(&change, name, wanted, when, err) &&
                cg_change_commit(&change, err);
    cg_change_end(&change);
    return good;
}
