/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "trial.h"
#include "base/failure.h"
#include "base/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_PATH "stage/trial"
#define LINK_PATH "stage/trial-link"

/* Some file systems accept a mode and do not keep it. */
static bool keeps_mode(int fd, mode_t mode)
{
    struct stat st;
    if (fchmod(fd, mode) != 0 || fstat(fd, &st) != 0)
        return false;
    errno = EOPNOTSUPP;
    return (st.st_mode & 0777) == mode;
}

static bool try_modes(const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    const int fd = open(cg_ca_path(ca, path, FILE_PATH), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cg_fail_errno(err, "create", path);
    const bool ok = (keeps_mode(fd, 0640) && keeps_mode(fd, 0600)) ||
                    cg_fail_filesystem(err, "set the mode of", path, ca->dir, CG_NEEDS_MODES);
    close(fd);
    return ok;
}

/* A link that replaces a file, as a new generation does. */
static bool try_links(const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX], file[PATH_MAX];
    struct stat st;
    cg_ca_path(ca, file, FILE_PATH);
    if (symlink("trial", cg_ca_path(ca, path, LINK_PATH)) != 0)
        return cg_fail_filesystem(err, "link", path, ca->dir, CG_NEEDS_LINKS);
    if (rename(path, file) != 0)
        return cg_fail_errno(err, "rename over", file);
    errno = EOPNOTSUPP;
    return (lstat(file, &st) == 0 && S_ISLNK(st.st_mode)) ||
           cg_fail_filesystem(err, "link", file, ca->dir, CG_NEEDS_LINKS);
}

bool cg_folder_trial(const struct cg_ca *ca, struct cg_error *err)
{
    char path[PATH_MAX];
    if (mkdir(cg_ca_path(ca, path, "stage"), 0700) != 0)
        return cg_fail_errno(err, "create the folder", path);
    const bool ok = try_modes(ca, err) && try_links(ca, err);
    unlink(cg_ca_path(ca, path, LINK_PATH));
    unlink(cg_ca_path(ca, path, FILE_PATH));
    rmdir(cg_ca_path(ca, path, "stage"));
    return ok;
}
