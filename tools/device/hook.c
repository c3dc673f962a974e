/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "hook.h"
#include "base/atomic_write.h"
#include "base/command.h"
#include "base/failure.h"
#include "core/base/datetime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOTE    "hook"
#define SECONDS 60
#define STEP_MS 20

bool cg_device_hook_note(const struct cg_device *device, struct cg_error *err)
{
    int fd = openat(device->store.fd, NOTE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return cg_fail_errno(err, "note the hook in", device->store.path);
    close(fd);
    return cg_sync_fd(device->store.fd, device->store.path, err);
}

static bool cross_out(const struct cg_device *device, struct cg_error *err)
{
    return (unlinkat(device->store.fd, NOTE, 0) == 0 && cg_sync_fd(device->store.fd, device->store.path, err)) ||
           cg_fail_errno(err, "delete the note of the hook in", device->store.path);
}

/* This process's, with the folder. NULL: out of memory. The first entry is malloc'ed, the others are borrowed. */
static char **environment_of(const struct cg_device *device)
{
    size_t count = 0;
    while (environ[count])
        count++;
    char **list = calloc(count + 2, sizeof *list), *path = realpath(device->folder.path, NULL);
    if (list && asprintf(&list[0], "CERTGUARD_FOLDER=%s", path ? path : device->folder.path) < 0)
        list[0] = NULL;
    free(path);
    if (list && list[0])
        memcpy(list + 1, environ, count * sizeof *list);
    return list;
}

static bool run(struct cg_command *command, struct cg_error *err)
{
    const struct timespec pause = cg_timespec(STEP_MS);
    if (!cg_command_start(command, err))
        return false;
    while (!cg_command_poll(command))
        nanosleep(&pause, NULL);
    return !command->why[0] ||
           cg_fail_text(err, "the hook failed: %s%s%s%s. Fix the cause. The next run runs it again", command->why,
                        command->tail[0][0] ? " (" : "", command->tail[0], command->tail[0][0] ? ")" : "");
}

bool cg_device_hook_run(const struct cg_device *device, const char *text, struct cg_error *err)
{
    if (faccessat(device->store.fd, NOTE, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    char **environment = environment_of(device);
    struct cg_command command = {.text = text, .environment = environment, .seconds = SECONDS};
    const bool ok = environment && environment[0] ? run(&command, err) : cg_fail_memory(err);
    if (environment)
        free(environment[0]);
    free((void *)environment);
    return ok && cross_out(device, err);
}
