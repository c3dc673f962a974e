/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "archive_entry.h"
#include "base/failure.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool cg_archive_is_of_run(const char *name)
{
    return strcmp(name, "lock") == 0 || strcmp(name, "stage") == 0 || strcmp(name, "pending") == 0;
}

static bool has_control(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return true;
    return false;
}

static bool is_part(const char *part, size_t len)
{
    return len && !(part[0] == '.' && (len == 1 || (len == 2 && part[1] == '.')));
}

bool cg_archive_name_ok(const char *name)
{
    if (strlen(name) >= CG_ARCHIVE_NAME_SIZE || has_control(name))
        return false;
    for (;; name++) {
        const size_t len = strcspn(name, "/");
        if (!is_part(name, len))
            return false;
        name += len;
        if (!*name)
            return true;
    }
}

/* First as often ../ as the link is deep, at most; then names only, so that no other link changes the meaning. */
bool cg_archive_link_ok(const char *name, const char *to)
{
    size_t depth = 0;
    for (const char *slash = name; (slash = strchr(slash, '/')); slash++)
        depth++;
    for (; strncmp(to, "../", 3) == 0 && depth; to += 3)
        depth--;
    return cg_archive_name_ok(to);
}

/* ---- the entries so far ---- */

struct known {
    bool is_folder;
    char name[];
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->name, ((const struct known *)b)->name);
}

static struct known *known_of(const char *name, size_t len, bool is_folder)
{
    struct known *known = malloc(sizeof *known + len + 1);
    if (!known)
        return NULL;
    known->is_folder = is_folder;
    memcpy(known->name, name, len);
    known->name[len] = '\0';
    return known;
}

/* The folder of the entry is in the archive, and is not a link. */
static bool is_in_folder(const struct cg_archive_names *names, const char *name)
{
    const char *slash = strrchr(name, '/');
    if (!slash)
        return true;
    struct known *wanted = known_of(name, (size_t)(slash - name), true);
    struct known *const *found = wanted ? tfind(wanted, &names->tree, compare) : NULL;
    free(wanted);
    return found && (*found)->is_folder;
}

static bool is_new(struct cg_archive_names *names, const char *name, bool is_folder)
{
    struct known *known = known_of(name, strlen(name), is_folder);
    struct known *const *at = known ? tsearch(known, &names->tree, compare) : NULL;
    if (at && *at == known)
        return true;
    free(known);
    return false;
}

void cg_archive_names_free(struct cg_archive_names *names)
{
    while (names->tree) {
        struct known *known = *(struct known **)names->tree;
        tdelete(known, &names->tree, compare);
        free(known);
    }
}

/* ---- one entry ---- */

/* Into name: "certguard-ca/live/" is "live". False: it is elsewhere, or too long. */
static bool below(const char *path, char name[CG_ARCHIVE_NAME_SIZE])
{
    static const char folder[] = CG_BACKUP_FOLDER;
    const size_t len = sizeof folder - 1;
    if (!path || strncmp(path, folder, len) != 0 || (path[len] && path[len] != '/'))
        return false;
    path += len + (path[len] == '/');
    size_t size = strlen(path);
    size -= size && path[size - 1] == '/';
    if (size >= CG_ARCHIVE_NAME_SIZE)
        return false;
    memcpy(name, path, size);
    name[size] = '\0';
    return true;
}

static bool name_fits(const char *name, mode_t type)
{
    return *name ? cg_archive_name_ok(name) && !cg_archive_is_of_run(name) : type == AE_IFDIR;
}

/* What is wrong with it, or NULL. */
static const char *fault_of(struct cg_archive_names *names, struct archive_entry *entry, int64_t limit)
{
    const mode_t type = archive_entry_filetype(entry);
    const char *to = archive_entry_symlink(entry);
    if (!below(archive_entry_pathname(entry), names->name) || !name_fits(names->name, type))
        return "is not the name of a file in the folder " CG_BACKUP_FOLDER;
    if (archive_entry_hardlink(entry) || (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK))
        return "is a hard link or a device";
    if (type == AE_IFLNK && (!to || !cg_archive_link_ok(names->name, to)))
        return "is a link that leads out of the folder";
    if (type == AE_IFREG && archive_entry_perm(entry) & (S_ISUID | S_ISGID | S_ISVTX))
        return "has a setuid, setgid or sticky bit";
    if (archive_entry_sparse_count(entry) || archive_entry_size(entry) < 0 || archive_entry_size(entry) > limit)
        return "is larger than its data in the archive";
    if (!is_in_folder(names, names->name))
        return "is in a folder that the archive does not contain";
    return is_new(names, names->name, type == AE_IFDIR) ? NULL : "is there twice";
}

const char *cg_archive_take(struct cg_archive_names *names, struct archive_entry *entry, int64_t limit,
                            struct cg_error *err)
{
    const char *path = archive_entry_pathname(entry), *fault = fault_of(names, entry, limit);
    names->count += !fault;
    if (fault)
        cg_error_set(err, "entry %zu, \"%s\", %s", names->count + 1, path ? path : "", fault);
    return fault ? NULL : names->name;
}
