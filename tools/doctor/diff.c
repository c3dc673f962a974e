/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "diff.h"

#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* False with errno. */
static bool run(const char *const command[], int input, int *status)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    if ((errno = posix_spawn_file_actions_init(&actions)) != 0)
        return false;
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    errno = posix_spawnp(&child, command[0], &actions, NULL, (char *const *)(uintptr_t)command, environ);
    posix_spawn_file_actions_destroy(&actions);
    return errno == 0 && waitpid(child, status, 0) == child;
}

bool cg_diff_show(const char *path, const char *after, struct cg_error *err)
{
    const char *const command[] = {"diff", "-u", "-L", path, "-L", path, path, "-", NULL};
    int status = 0, input = memfd_create("after", MFD_CLOEXEC);
    bool ran = input >= 0 && dprintf(input, "%s", after) >= 0 && lseek(input, 0, SEEK_SET) == 0 &&
               run(command, input, &status);
    bool ok = ran && WIFEXITED(status) && WEXITSTATUS(status) <= 1;
    if (!ran)
        cg_error_set(err, "cannot run diff, which shows the changes: %s. Nothing was changed.", strerror(errno));
    else if (!ok)
        cg_error_set(err, "cannot show the changes: diff failed. Nothing was changed.");
    if (input >= 0)
        close(input);
    return ok;
}
