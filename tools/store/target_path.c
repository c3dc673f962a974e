/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "target_path.h"
#include "base/failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool cg_path_absolute(const char *path, char out[PATH_MAX], struct cg_error *err)
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

void cg_path_resolve(const char *path, char out[PATH_MAX])
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

bool cg_path_is_same(const char *one, const char *other)
{
    char a[PATH_MAX], b[PATH_MAX];
    struct stat x, y;
    if (stat(one, &x) == 0 && stat(other, &y) == 0) /* finds bind mounts too */
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    cg_path_resolve(one, a);
    cg_path_resolve(other, b);
    return strcmp(a, b) == 0;
}

bool cg_path_is_below(const char *folder, const char *above)
{
    const size_t len = strlen(above);
    return strncmp(folder, above, len) == 0 && (folder[len] == '/' || !folder[len]);
}

bool cg_path_is_outside(const char *file, const char *ca, struct cg_error *err)
{
    char whole[PATH_MAX], path[PATH_MAX], dir[PATH_MAX];
    if (!cg_path_absolute(file, whole, err))
        return false;
    cg_path_resolve(whole, path);
    cg_path_resolve(ca, dir);
    return !cg_path_is_below(path, dir) ||
           cg_fail_text(err, "cannot write %s: it is in the CA's folder. Name a file in another folder", file);
}
