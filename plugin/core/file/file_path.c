/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file_path.h"

#include "core/base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

bool cg_file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool cg_file_is_regular(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool cg_file_is_missing(const char *path)
{
    struct stat st;
    return lstat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

bool cg_file_is_read_only(const char *path)
{
    char at[PATH_MAX];
    struct statvfs fs;
    if (snprintf(at, sizeof at, "%s", path) >= (int)sizeof at)
        return false;
    while (statvfs(at, &fs) != 0) {
        char *slash = strrchr(at, '/');
        if (!slash || !at[1])
            return false;
        slash[slash == at] = '\0';
    }
    return fs.f_flag & ST_RDONLY;
}

bool cg_file_shell_word(const char *path, char *out, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+@%,:=-";
    size_t used = 0, len = strlen(path);
    bool quoted = len == 0 || path[strspn(path, plain)] != '\0';
    if (size > 0)
        out[0] = '\0';
    /* The longest result: every character becomes '\'' between ./'...' */
    char *text = malloc(4 * len + 5), *shown = malloc(4 * len + 5);
    bool ok = text && shown;
    if (ok)
        used = (size_t)snprintf(text, 4, "%s%s", quoted ? "'" : "", path[0] == '-' ? "./" : "");
    for (const char *p = path; ok && *p; p++) {
        if (*p == '\'')
            used += (size_t)snprintf(text + used, 5, "'\\''");
        else
            text[used++] = *p;
    }
    if (ok && quoted)
        text[used++] = '\'';
    ok = ok && used < size && cg_text_escape(text, used, shown, 4 * len + 5);
    if (ok)
        snprintf(out, size, "%s", shown);
    free(text);
    free(shown);
    return ok;
}

char *cg_file_relative_to(const char *base, const char *name)
{
    const char *slash = base ? strrchr(base, '/') : NULL;
    if (name[0] == '/' || !slash)
        return strdup(name);
    size_t folder = (size_t)(slash - base) + 1, len = strlen(name);
    char *path = malloc(folder + len + 1);
    if (!path)
        return NULL;
    memcpy(path, base, folder);
    memcpy(path + folder, name, len + 1);
    return path;
}
