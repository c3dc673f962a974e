/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATHS    8   /* no call of a test uses more at once */
#define BASE_MAX 200 /* the error texts that tests compare would truncate longer paths */

static char folder[256];

/* exit() flushes the earlier output of the test; abort() would lose it. */
static _Noreturn void die(const char *what, const char *path)
{
    fprintf(stderr, "scratch: cannot %s %s: %s\n", what, path, strerror(errno));
    exit(1);
}

const char *cg_scratch_open(const char *label)
{
    const char *base = getenv("CG_TEST_TMP");
    bool fits = base && *base && strlen(base) <= BASE_MAX;
    snprintf(folder, sizeof folder, "%s/%s-XXXXXX", fits ? base : "/tmp", label);
    if (!mkdtemp(folder))
        die("make the folder", folder);
    return folder;
}

const char *cg_scratch_folder(void)
{
    return folder;
}

const char *cg_scratch_path(const char *name)
{
    static char path[PATHS][512];
    static unsigned turn;
    char *out = path[turn++ % PATHS];
    int len = snprintf(out, sizeof path[0], "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof path[0]) {
        errno = ENAMETOOLONG;
        die("name", name);
    }
    return out;
}

const char *cg_scratch_write(const char *name, const char *text)
{
    const char *path = cg_scratch_path(name);
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        die("write", path);
    return path;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

/* Links are removed, not followed. */
static void remove_tree(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        die("remove", path);
}

void cg_scratch_remove(const char *name)
{
    remove_tree(cg_scratch_path(name));
}

void cg_scratch_close(void)
{
    remove_tree(folder);
    folder[0] = '\0';
}
