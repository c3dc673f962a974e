/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "settings.h"
#include "base/array.h"
#include "base/duration.h"
#include "base/failure.h"
#include "core/file/file.h"
#include "core/file/file_path.h"
#include "core/policy/policy_json.h"
#include "key.h"
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT ((size_t)1 << 20)
#define REUSE "reuse_key"

/* ---- values */

static const char *text_of(const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    return text ? text : "";
}

static bool is_path(const cJSON *value)
{
    return text_of(value)[0] == '/' && strlen(text_of(value)) < PATH_MAX;
}

static bool is_organization(const cJSON *value)
{
    const struct cg_subject subject = {.organization = text_of(value)};
    X509_NAME *name = cg_subject_make(&subject, NULL);
    X509_NAME_free(name);
    return name;
}

static bool is_key_type(const cJSON *value)
{
    return cg_key_type_known(text_of(value));
}

static bool is_lifetime(const cJSON *value)
{
    int64_t seconds = 0;
    return cg_lifetime_parse(text_of(value), &seconds);
}

static bool is_list_of_names(const cJSON *value)
{
    const cJSON *name = NULL;
    bool ok = cJSON_IsArray(value);
    cJSON_ArrayForEach(name, value)
    {
        ok = ok && cg_ca_name_valid(text_of(name), NULL);
    }
    return ok;
}

#define A_LIFETIME "a duration as \"90d\", \"12h\" or \"30m\", at most \"100y\""

const struct cg_setting cg_setting_rows[] = {
    {"passphrase_file", "file with the passphrase of the CA key", "", "the absolute path of a file", is_path},
    {"organization", "organization (O) of certificates", "", "1 to 64 characters", is_organization},
    {"key_type", "type of new keys", "p256", "one of " CG_KEY_TYPES, is_key_type},
    {"lifetime.broker", "validity of broker certificates", "90d", A_LIFETIME, is_lifetime},
    {"lifetime.bridge", "validity of bridge certificates", "90d", A_LIFETIME, is_lifetime},
    {"lifetime.client", "validity of client certificates", "365d", A_LIFETIME, is_lifetime},
    {"crl_lifetime", "time until a CRL expires", "7d", A_LIFETIME, is_lifetime},
    {"root_crl_lifetime", "time until the root's CRL expires", "365d", A_LIFETIME, is_lifetime},
    {REUSE, "names whose key is kept by every renewal", "",
     "an array of names (certguard renew NAME --reuse-key adds one)", is_list_of_names},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct cg_setting *cg_setting_find(const char *key)
{
    const struct cg_setting *row = cg_setting_rows;
    while (row->key && strcmp(row->key, key) != 0)
        row++;
    return row->key ? row : NULL;
}

/* ---- the file */

/* Is it the first part of longer keys? */
static bool is_group(const char *key)
{
    const size_t len = strlen(key);
    for (const struct cg_setting *row = cg_setting_rows; row->key; row++)
        if (strncmp(row->key, key, len) == 0 && row->key[len] == '.')
            return true;
    return false;
}

static bool unknown(const char *file, const char *key, struct cg_error *err)
{
    char all[256] = "";
    for (const struct cg_setting *row = cg_setting_rows; row->key; row++) {
        const size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", len ? ", " : "", row->key);
    }
    return cg_fail_text(err, "%s%sunknown setting \"%s\". Settings are %s", file, *file ? ": " : "", key, all);
}

static bool mismatch(const char *place, const struct cg_setting *row, const cJSON *value, struct cg_error *err)
{
    char found[96];
    cg_json_found(value, found, sizeof found);
    return cg_fail_text(err, "%s: expected %s, found %s", place, row->expected, found);
}

/* at: a path of keys without dots */
static bool check(const char *file, const struct cg_json_path *at, const cJSON *object, struct cg_error *err)
{
    char place[256], where[PATH_MAX];
    bool ok = true;
    for (const cJSON *value = object->child; ok && value; value = value->next) {
        const struct cg_json_path here = {at, value->string, 0};
        cg_json_path_text(&here, place, sizeof place);
        const char *key = place + strlen("$.");
        const struct cg_setting *row = strchr(value->string, '.') ? NULL : cg_setting_find(key);
        snprintf(where, sizeof where, "%s: %s", file, place);
        if (!row)
            ok = is_group(key) && cJSON_IsObject(value) ? check(file, &here, value, err) : unknown(file, key, err);
        else
            ok = row->fits(value) || mismatch(where, row, value, err);
    }
    return ok;
}

static bool is_ours_alone(const char *path, struct cg_error *err)
{
    char word[4 * PATH_MAX + 3];
    struct stat st;
    if (stat(path, &st) != 0 || !(st.st_mode & 022))
        return true; /* the reader has the error */
    (void)cg_file_shell_word(path, word, sizeof word);
    return cg_fail_text(err, "other users can change %s (mode %04o). Check it, then: chmod 600 %s", path,
                        (unsigned)st.st_mode & 07777, word);
}

static bool parse(struct cg_settings *settings, const char *path, struct cg_error *err)
{
    const struct cg_json_path document = {NULL, NULL, 0};
    struct cg_bytes bytes = {0};
    if (!is_ours_alone(path, err) || !cg_file_read(path, CG_FILE_PUBLIC, LIMIT, &bytes, err))
        return false;
    cJSON *object = cg_json_parse(path, (const char *)bytes.data, bytes.len, err);
    cg_bytes_free(&bytes);
    if (!object)
        return false;
    cJSON_Delete(settings->object);
    settings->object = object;
    return check(path, &document, object, err);
}

bool cg_settings_load(struct cg_settings *settings, const char *dir, struct cg_error *err)
{
    char path[PATH_MAX];
    struct stat st;
    *settings = (struct cg_settings){.object = cJSON_CreateObject()};
    if (!settings->object)
        return cg_fail_memory(err);
    if (stat(dir, &st) != 0)
        return true; /* no CA yet; opening it has the error otherwise */
    if (snprintf(path, sizeof path, "%s/" CG_SETTINGS_FILE, dir) >= (int)sizeof path)
        return cg_fail_text(err, "cannot open %s: the path is too long", dir);
    settings->owner = (struct cg_ca_owner){geteuid() == 0 && st.st_uid != 0, st.st_uid, st.st_gid};
    const struct cg_file_user before = cg_owner_outside();
    const struct cg_ca_owner reader = cg_owner_of(dir, &st);
    cg_owner_assume(&reader);
    /* a link that leads nowhere is an error, not a missing file */
    const bool ok = (lstat(path, &st) != 0 && errno == ENOENT) || parse(settings, path, err);
    cg_owner_back(before);
    return ok;
}

void cg_settings_free(struct cg_settings *settings)
{
    cJSON_Delete(settings->object);
    *settings = (struct cg_settings){0};
}

bool cg_settings_put(struct cg_change *change, const struct cg_settings *settings, struct cg_error *err)
{
    if (!settings->object->child && !cg_ca_has(change->ca, CG_SETTINGS_FILE))
        return true;
    char *json = cJSON_Print(settings->object), *text = NULL;
    if (!json || asprintf(&text, "%s\n", json) < 0)
        text = NULL;
    const bool ok = cg_change_put_text(change, CG_SETTINGS_FILE, text, 0600, err);
    free(text);
    cJSON_free(json);
    return ok;
}

/* ---- keys */

/* The object that has the last part of key, which *last points to; NULL: there is none. */
static cJSON *group_of(cJSON *object, const char *key, const char **last, bool create)
{
    char first[64];
    const char *dot = strchr(key, '.');
    *last = dot ? dot + 1 : key;
    if (!dot)
        return object;
    snprintf(first, sizeof first, "%.*s", (int)(dot - key), key);
    cJSON *group = cJSON_GetObjectItemCaseSensitive(object, first);
    return group || !create ? group : cJSON_AddObjectToObject(object, first);
}

static const cJSON *value_of(const struct cg_settings *settings, const char *key)
{
    const char *last = NULL;
    const cJSON *group = group_of(settings->object, key, &last, false);
    return cJSON_GetObjectItemCaseSensitive(group, last);
}

const char *cg_settings_text(const struct cg_settings *settings, const char *key)
{
    return cJSON_GetStringValue(value_of(settings, key));
}

int64_t cg_settings_duration(const struct cg_settings *settings, const char *key)
{
    int64_t seconds = 0;
    const char *text = cg_settings_text(settings, key);
    return text && cg_lifetime_parse(text, &seconds) ? seconds : 0;
}

char *cg_settings_show(const struct cg_settings *settings, const char *key)
{
    const cJSON *value = value_of(settings, key), *name = NULL;
    char *all = strdup(text_of(value));
    cJSON_ArrayForEach(name, value)
    {
        char *longer = NULL;
        if (all && asprintf(&longer, "%s%s%s", all, *all ? ", " : "", text_of(name)) < 0)
            longer = NULL;
        free(all);
        all = longer;
    }
    return all;
}

/* Takes value; NULL removes the key. */
static bool replace(struct cg_settings *settings, const char *key, cJSON *value, struct cg_error *err)
{
    const char *last = NULL;
    cJSON *group = group_of(settings->object, key, &last, value);
    cJSON_DeleteItemFromObjectCaseSensitive(group, last);
    if (!value || (group && cJSON_AddItemToObject(group, last, value)))
        return true;
    cJSON_Delete(value);
    return cg_fail_memory(err);
}

bool cg_settings_set(struct cg_settings *settings, const char *key, const char *text, struct cg_error *err)
{
    const struct cg_setting *row = cg_setting_find(key);
    if (!row)
        return unknown("", key, err);
    cJSON *value = text ? cJSON_CreateString(text) : NULL;
    if (text && !value)
        return cg_fail_memory(err);
    if (!value || row->fits(value))
        return replace(settings, key, value, err);
    mismatch(key, row, value, err);
    cJSON_Delete(value);
    return false;
}

bool cg_settings_set_file(struct cg_settings *settings, const char *key, const char *path, struct cg_error *err)
{
    char here[PATH_MAX], *text = NULL;
    if (path[0] == '/')
        return cg_settings_set(settings, key, path, err);
    if (!getcwd(here, sizeof here))
        return cg_fail_errno(err, "find", "the current folder");
    if (asprintf(&text, "%s/%s", here, path) < 0)
        return cg_fail_memory(err);
    const bool ok = cg_settings_set(settings, key, text, err);
    free(text);
    return ok;
}

bool cg_settings_set_duration(struct cg_settings *settings, const char *key, int64_t seconds, struct cg_error *err)
{
    char text[CG_DURATION_TEXT];
    cg_duration_text(seconds, text);
    return cg_settings_set(settings, key, text, err);
}

static cJSON *find_name(const cJSON *names, const char *name)
{
    cJSON *item = names ? names->child : NULL;
    while (item && strcmp(text_of(item), name) != 0)
        item = item->next;
    return item;
}

bool cg_settings_reuse_key(const struct cg_settings *settings, const char *name)
{
    return find_name(value_of(settings, REUSE), name);
}

bool cg_settings_set_reuse_key(struct cg_settings *settings, const char *name, bool reuse, struct cg_error *err)
{
    cJSON *names = cJSON_GetObjectItemCaseSensitive(settings->object, REUSE), *item = NULL;
    if (!reuse) {
        while ((item = find_name(names, name)))
            cJSON_Delete(cJSON_DetachItemViaPointer(names, item));
        if (names && !names->child)
            cJSON_DeleteItemFromObjectCaseSensitive(settings->object, REUSE);
        return true;
    }
    if (find_name(names, name))
        return true;
    names = names ? names : cJSON_AddArrayToObject(settings->object, REUSE);
    item = cJSON_CreateString(name);
    if (names && item && cJSON_AddItemToArray(names, item))
        return true;
    cJSON_Delete(item);
    return cg_fail_memory(err);
}

/* ---- the lifetime of CRLs */

const char *cg_settings_crl_key(const char *folder)
{
    return strcmp(folder, "root") == 0 ? "root_crl_lifetime" : "crl_lifetime";
}

int64_t cg_settings_crl_lifetime(const struct cg_ca *ca, const char *folder, struct cg_error *damaged)
{
    struct cg_settings settings;
    const bool ok = cg_settings_load(&settings, ca->dir, damaged);
    const int64_t lifetime = ok ? cg_settings_duration(&settings, cg_settings_crl_key(folder)) : 0;
    cg_settings_free(&settings);
    return lifetime;
}
