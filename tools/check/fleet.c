/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "fleet.h"
#include "base/failure.h"
#include "deploy/generation.h"
#include "store/index.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool add(struct cg_fleet *fleet, const char *name, const char *file, struct cg_error *err)
{
    if (fleet->count >= CG_FLEET_MAX)
        return cg_fail_text(err, "%s: expected at most %d certificates", file, CG_FLEET_MAX);
    struct cg_fleet_item *item = realloc(fleet->item, (fleet->count + 1) * sizeof *item);
    if (item) {
        fleet->item = item;
        item += fleet->count++;
        *item = (struct cg_fleet_item){strdup(name), strdup(file)};
    }
    const bool ok = item && item->name && item->file;
    return ok || cg_fail_memory(err);
}

void cg_fleet_free(struct cg_fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        free(fleet->item[i].name);
        free(fleet->item[i].file);
    }
    free(fleet->item);
    *fleet = (struct cg_fleet){0};
}

/* --- a folder --- */

static bool has_suffix(const char *name)
{
    static const char *const suffixes[] = {".pem", ".crt", ".cer", ".cert", ".der"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (strcasecmp(dot, suffixes[i]) == 0)
            return true;
    return false;
}

struct walk {
    struct cg_fleet *fleet;
    size_t root; /* length of the top folder's path with its slash */
    struct cg_error *err;
};

static bool walk_folder(const struct walk *walk, const char *folder, unsigned depth);

static bool has_chain(const char *folder, char chain[PATH_MAX])
{
    return snprintf(chain, PATH_MAX, "%s/fullchain.pem", folder) < PATH_MAX && access(chain, F_OK) == 0;
}

static bool walk_entry(const struct walk *walk, const char *folder, const char *name, bool chain_here, unsigned depth)
{
    char path[PATH_MAX], chain[PATH_MAX];
    struct stat st, target;
    if (name[0] == '.')
        return true;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return cg_fail_text(walk->err, "%s: the path is too long", folder);
    if (lstat(path, &st) != 0)
        return true; /* removed meanwhile */
    if (S_ISDIR(st.st_mode))
        return walk_folder(walk, path, depth + 1);
    const bool is_link = S_ISLNK(st.st_mode) && stat(path, &target) == 0;
    if (is_link && S_ISDIR(target.st_mode) && !chain_here && has_chain(path, chain))
        return add(walk->fleet, chain + walk->root, chain, walk->err);
    const bool is_file = S_ISREG(st.st_mode) || (is_link && S_ISREG(target.st_mode));
    if (!is_file || !has_suffix(name) || (chain_here && strcmp(name, "fullchain.pem") != 0))
        return true;
    return add(walk->fleet, path + walk->root, path, walk->err);
}

static bool walk_folder(const struct walk *walk, const char *folder, unsigned depth)
{
    char chain[PATH_MAX];
    struct dirent **entries = NULL;
    if (depth > CG_FLEET_DEPTH)
        return cg_fail_text(walk->err, "%s: expected at most %d levels of folders", folder, CG_FLEET_DEPTH);
    int n = scandir(folder, &entries, NULL, alphasort);
    bool ok = n >= 0 || cg_fail_errno(walk->err, "list", folder);
    const bool chain_here = has_chain(folder, chain);
    for (int i = 0; i < n; i++) {
        ok = ok && walk_entry(walk, folder, entries[i]->d_name, chain_here, depth);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool cg_fleet_folder(struct cg_fleet *fleet, const char *folder, struct cg_error *err)
{
    const struct walk walk = {fleet, strlen(folder) + 1, err};
    return walk_folder(&walk, folder, 0);
}

/* --- what a CA issued --- */

/* Always false: without live/NAME, a certificate in use would pass for one that was replaced. */
static bool fail_unlinked(const struct cg_ca *ca, const char *name, struct cg_error *err)
{
    return cg_ca_live_ok(ca, name, err) &&
           cg_fail_text(err,
                        "cannot see which certificate of \"%s\" is in use: %s/live/%s is missing. Copy the CA again "
                        "with cp -a, or restore it with certguard restore",
                        name, ca->dir, name);
}

/* "archive/NAME/0003" is in use when live/NAME points to generation 3. */
static bool add_valid(struct cg_fleet *fleet, const struct cg_ca *ca, const struct cg_index_row *row,
                      unsigned generation, struct cg_error *err)
{
    char path[PATH_MAX], name[CG_NAME_MAX + 1];
    cg_index_row_name(row, name);
    const unsigned live = cg_generation_live(ca, name);
    if (!live)
        return fail_unlinked(ca, name, err);
    if (generation == live)
        return add(fleet, name, cg_ca_path(ca, path, "%s/fullchain.pem", row->file), err);
    fleet->superseded++;
    return true;
}

static bool add_row(struct cg_fleet *fleet, const struct cg_ca *ca, const struct cg_index_row *row, int64_t now,
                    struct cg_error *err)
{
    const char *slash = strrchr(row->file, '/');
    if (row->status == 'R')
        fleet->revoked++;
    else if (row->status == 'E' || row->expires < now)
        fleet->expired++;
    else if (strncmp(row->file, "archive/", 8) != 0 || !slash)
        fleet->unknown++;
    else
        return add_valid(fleet, ca, row, (unsigned)strtoul(slash + 1, NULL, 10), err);
    return true;
}

bool cg_fleet_issued(struct cg_fleet *fleet, const struct cg_ca *ca, int64_t now, struct cg_error *err)
{
    struct cg_index index = {0};
    struct cg_index_row row;
    struct cg_error fault = {""};
    bool ok = cg_index_load(&index, ca, err);
    while (ok && cg_index_next(&index, &row, &fault))
        ok = add_row(fleet, ca, &row, now, err);
    if (ok && fault.text[0]) {
        cg_error_set(err, "%s", fault.text);
        ok = false;
    }
    cg_index_free(&index);
    return ok;
}
