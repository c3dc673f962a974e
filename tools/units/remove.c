/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "remove.h"
#include "base/failure.h"
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct removal {
    const struct cg_cli *cli;
    const struct cg_unit_folders *folders;
    cJSON *files;
    size_t removed;
};

static void note(struct removal *removal, const char *path, const char *state)
{
    cJSON_AddItemToArray(removal->files, cg_json_of("file", path, "state", state));
}

static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static bool remove_file(struct removal *removal, const char *path, struct cg_error *err)
{
    const struct cg_cli *cli = removal->cli;
    if (!cli->dry_run && unlink(path) != 0)
        return cg_fail_errno(err, "remove", path);
    cg_say(cli, "%s %s", cli->dry_run ? "would remove" : "removed", path);
    note(removal, path, "removed");
    removal->removed++;
    return true;
}

/* Like "systemctl disable", which may be missing where a package is removed from another root. */
static bool disable(struct removal *removal, const char *name, struct cg_error *err)
{
    char link[PATH_MAX];
    return !cg_unit_link(removal->folders, name, link) || !is_there(link) || remove_file(removal, link, err);
}

static bool is_changed(const char *path)
{
    return is_there(path) && cg_unit_state(path, "") != CG_UNIT_STALE;
}

/* A service and the units that start it stay together: if one of them was changed, none is removed. */
static bool is_other_changed(const struct removal *removal, const char *name)
{
    const int stem = (int)(strrchr(name, '.') - name) + 1;
    char path[PATH_MAX];
    for (size_t i = 0; i < cg_unit_files_count; i++) {
        cg_unit_place(removal->folders, cg_unit_files[i].name, path);
        if (strncmp(cg_unit_files[i].name, name, (size_t)stem) == 0 && is_changed(path))
            return true;
    }
    return false;
}

static bool remove_one(struct removal *removal, const char *name, struct cg_error *err)
{
    char path[PATH_MAX];
    cg_unit_place(removal->folders, name, path);
    if (!disable(removal, name, err))
        return false;
    if (!is_there(path))
        return true;
    const bool changed = is_changed(path);
    if (changed || is_other_changed(removal, name)) {
        cg_warn(removal->cli,
                changed ? "%s: changed by hand or not written by certguard; it was not removed"
                        : "%s: not removed, because its service, timer or path unit was changed by hand",
                path);
        note(removal, path, "kept");
        return true;
    }
    if (!remove_file(removal, path, err))
        return false;
    if (strstr(name, ".conf") && !removal->cli->dry_run) {
        *strrchr(path, '/') = '\0';
        rmdir(path); /* fails if it contains other files */
    }
    return true;
}

int cg_units_remove(const struct cg_cli *cli, const struct cg_unit_folders *folders)
{
    cJSON *result = cJSON_CreateObject();
    struct removal removal = {.cli = cli, .folders = folders, .files = cJSON_AddArrayToObject(result, "files")};
    struct cg_error err = {""};
    for (size_t i = 0; i < cg_unit_files_count; i++)
        if (!remove_one(&removal, cg_unit_files[i].name, &err)) {
            cJSON_Delete(result);
            return cg_fail(cli, CG_EXIT_FAILED, &err);
        }
    cg_result_of_run(cli, result);
    if (removal.removed)
        cg_say(cli, "Next:\n  systemctl stop 'certguard-*.timer' 'certguard-*.path'\n  systemctl daemon-reload\n  "
                    "systemctl reset-failed "
                    "'certguard-*'");
    else
        cg_say(cli, "%s contains no files of install-units.", folders->units);
    return CG_EXIT_OK;
}
