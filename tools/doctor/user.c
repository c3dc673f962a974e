/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reads the broker's unit. A broker that systemd starts as User= keeps that user. A broker that systemd starts as root
 * changes to the user in its configuration. */
#include "context.h"

#include "core/file/file.h"
#include "units/units.h"

#include <dirent.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define UNIT         "mosquitto.service"
#define UNIT_LIMIT   ((size_t)256 << 10)
#define DROP_INS_MAX 100
#define FOLLOW_LINKS CG_DOCTOR_FOLLOW_LINKS "="
#define DROP_INS     "/" UNIT ".d"

/* Settings of the unit; "": not set. */
struct unit {
    char user[64], group[64], more_groups[512], start[2 * PATH_MAX];
    bool dynamic;       /* the user exists only while the broker runs */
    bool follows_links; /* of the lists of users and topics */
};

static bool is_yes(const char *value)
{
    static const char *const words[] = {"1", "yes", "true", "on", "y", "t"};
    for (size_t i = 0; i < CG_COUNT(words); i++)
        if (strcasecmp(value, words[i]) == 0)
            return true;
    return false;
}

/* The last value counts, and an empty value resets. Groups and commands are appended. False: no room. */
static bool read_setting(struct unit *unit, const char *key, const char *value)
{
    const struct {
        const char *key;
        char *to;
        size_t size;
        bool adds;
    } rows[] = {
        {"User", unit->user, sizeof unit->user, false},
        {"Group", unit->group, sizeof unit->group, false},
        {"SupplementaryGroups", unit->more_groups, sizeof unit->more_groups, true},
        {"ExecStart", unit->start, sizeof unit->start, true},
    };
    if (strcmp(key, "DynamicUser") == 0)
        unit->dynamic = is_yes(value);
    if (strcmp(key, "Environment") == 0)
        unit->follows_links = *value && (unit->follows_links || strstr(value, FOLLOW_LINKS));
    for (size_t i = 0; i < CG_COUNT(rows); i++) {
        size_t used = rows[i].adds && *value ? strlen(rows[i].to) : 0;
        if (strcmp(rows[i].key, key) != 0)
            continue;
        if (snprintf(rows[i].to + used, rows[i].size - used, "%s%s", used ? " " : "", value) >=
            (int)(rows[i].size - used))
            return false;
    }
    return true;
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    for (size_t len = strlen(text); len && strchr(" \t\r", text[len - 1]); len--)
        text[len - 1] = '\0';
    return text;
}

/* A "\" at the end of a line continues it in the next line. */
static void join_lines(char *text)
{
    for (char *at = text; (at = strstr(at, "\\\n"));)
        at[0] = at[1] = ' ';
}

static bool read_unit_file(struct unit *unit, const char *file)
{
    struct cg_bytes bytes = {0};
    bool ok = cg_file_read(file, CG_FILE_PUBLIC, UNIT_LIMIT, &bytes, NULL), service = false;
    char *rest = (char *)bytes.data;
    if (ok)
        join_lines(rest);
    for (char *line; ok && (line = strsep(&rest, "\n"));) {
        line = trim(line);
        char *equals = strchr(line, '=');
        if (*line == '[')
            service = strcmp(line, "[Service]") == 0;
        if (!service || !equals || *line == '#' || *line == ';')
            continue;
        *equals = '\0';
        ok = read_setting(unit, trim(line), trim(equals + 1));
    }
    cg_bytes_free(&bytes);
    return ok;
}

/* --- the unit and its drop-ins, searched as systemd does --- */

static const char *const system_folders[] = {CG_UNITS_FOLDER, "/run/systemd/system", "/usr/local/lib/systemd/system",
                                             "/usr/lib/systemd/system", "/lib/systemd/system"};

struct drop_ins {
    char *path[DROP_INS_MAX];
    size_t count;
};

static const char *name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(name_of(*(char *const *)a), name_of(*(char *const *)b));
}

/* A drop-in hides those with the same name in later folders. */
static bool has_drop_in(const struct drop_ins *found, const char *path)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(name_of(found->path[i]), name_of(path)) == 0)
            return true;
    return false;
}

static bool add_drop_in(void *drop_ins, const char *path, struct cg_error *err)
{
    struct drop_ins *found = drop_ins;
    (void)err;
    if (has_drop_in(found, path))
        return true;
    if (found->count == DROP_INS_MAX || !(found->path[found->count] = strdup(path)))
        return false;
    found->count++;
    return true;
}

static bool read_drop_ins(struct unit *unit, const char *const *folders, size_t count)
{
    static const char *const suffixes[] = {".conf", NULL};
    struct drop_ins found = {.count = 0};
    char folder[PATH_MAX];
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        ok = snprintf(folder, sizeof folder, "%s" DROP_INS, folders[i]) < (int)sizeof folder;
        if (ok && !cg_file_is_missing(folder))
            ok = cg_folder_visit(folder, suffixes, add_drop_in, &found, NULL);
    }
    qsort(found.path, found.count, sizeof *found.path, by_name);
    for (size_t i = 0; i < found.count; i++) {
        ok = ok && read_unit_file(unit, found.path[i]);
        free(found.path[i]);
    }
    return ok;
}

static bool load_unit(struct unit *unit, const char *const *folders, size_t count)
{
    char path[PATH_MAX];
    *unit = (struct unit){.dynamic = false};
    for (size_t i = 0; i < count; i++) {
        if (snprintf(path, sizeof path, "%s/" UNIT, folders[i]) >= (int)sizeof path)
            return false;
        if (!cg_file_is_missing(path))
            return read_unit_file(unit, path) && read_drop_ins(unit, folders, count);
    }
    return false;
}

static bool is_same_file(const char *a, const char *b)
{
    char x[PATH_MAX], y[PATH_MAX];
    return realpath(a, x) && realpath(b, y) && strcmp(x, y) == 0;
}

/* The FILE of "-c FILE"; "": none. */
static void find_config(const struct unit *unit, char file[PATH_MAX])
{
    const char *at = strstr(unit->start, " -c ");
    at = at ? at + 4 + strspn(at + 4, " ") : "";
    snprintf(file, PATH_MAX, "%.*s", (int)strcspn(at, " \t"), at);
}

/* Does it run mosquitto directly, and as User=? With "+" or "!" before the command, User= has no effect. */
static bool starts_mosquitto(const struct unit *unit)
{
    char program[PATH_MAX];
    const char *start = unit->start + strspn(unit->start, "@-:");
    snprintf(program, sizeof program, "%.*s", (int)strcspn(start, " \t"), start);
    return *start == '/' && strcmp(name_of(program), "mosquitto") == 0;
}

/* --- the user and groups --- */

static const struct passwd *user_of(const char *text)
{
    char *end = NULL;
    const struct passwd *entry = getpwnam(text);
    unsigned long number = strtoul(text, &end, 10);
    return entry || !*text || *end ? entry : getpwuid((uid_t)number);
}

static bool group_of(const char *text, gid_t *gid)
{
    char *end = NULL;
    const struct group *entry = getgrnam(text);
    unsigned long number = strtoul(text, &end, 10);
    if (!entry && (!*text || *end))
        return false;
    *gid = entry ? entry->gr_gid : (gid_t)number;
    return true;
}

static bool read_groups(struct cg_doctor *d, struct unit *unit)
{
    char *rest = unit->more_groups;
    if (unit->group[0] && !group_of(unit->group, &d->gid))
        return false;
    for (char *word; (word = strsep(&rest, " \t"));)
        if (*word && (d->ngroups == CG_COUNT(d->groups) || !group_of(word, &d->groups[d->ngroups++])))
            return false;
    return true;
}

static void set_user(struct cg_doctor *d, const struct passwd *entry, const char *name)
{
    snprintf(d->user, sizeof d->user, "%s", entry ? entry->pw_name : name);
    d->uid = entry ? entry->pw_uid : (uid_t)-1;
    d->gid = entry ? entry->pw_gid : (gid_t)-1;
}

/* A broker that an ordinary user starts keeps that user. */
void cg_doctor_read_unit(struct cg_doctor *d)
{
    const struct cg_doctor_request *request = d->request;
    char config[PATH_MAX] = "";
    struct unit unit;
    if (load_unit(&unit, request->units ? &request->units : system_folders,
                  request->units ? 1 : CG_COUNT(system_folders)))
        find_config(&unit, config);
    bool ours = config[0] && is_same_file(config, d->conf.files[0]);
    d->follows_links = getenv(CG_DOCTOR_FOLLOW_LINKS) || (ours && unit.follows_links);
    if (!ours)
        snprintf(d->other_config, sizeof d->other_config, "%s", config);
    if (request->user || geteuid() != 0) {
        set_user(d, request->user ? getpwnam(request->user) : getpwuid(geteuid()), request->user ? request->user : "");
        d->user_is_known = request->user;
        return;
    }
    bool known = ours && starts_mosquitto(&unit) && !unit.dynamic;
    const struct passwd *entry = known ? user_of(unit.user) : NULL;
    bool keeps = known && unit.user[0] && !(entry && entry->pw_uid == 0);
    const char *name = keeps ? unit.user : cg_conf_user(&d->conf);
    set_user(d, keeps ? entry : getpwnam(name), name);
    d->user_is_known = known && (!keeps || read_groups(d, &unit));
}
