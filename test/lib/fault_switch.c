/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "fault_switch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Makes system calls directly, because the functions of libc are replaced by failing ones. */
static const char *read_switch(char text[1024])
{
    const char *file = getenv("CG_FAULT_SWITCH");
    long fd = file ? syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    long len = syscall(SYS_read, fd, text, 1023);
    syscall(SYS_close, fd);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

/* The rest of the line that begins with the name of this call, or NULL. */
static const char *line_of(const char *text, const char *call)
{
    size_t len = strlen(call);
    for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
        if (strncmp(at, call, len) == 0 && at[len] == ' ')
            return at + len + 1;
    return NULL;
}

int cg_fault_switched(const char *call, const char *path, int fd)
{
    char text[1024], link[40], name[512] = "", part[128] = "";
    int number = 0, saved = errno;
    const char *line = line_of(read_switch(text), call);
    errno = saved;
    if (!line || sscanf(line, "%d %127[^\n]", &number, part) < 1)
        return 0;
    if (!path && fd >= 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        long len = syscall(SYS_readlinkat, AT_FDCWD, link, name, sizeof name - 1);
        name[len > 0 ? len : 0] = '\0';
        path = name;
    }
    return !*part || (path && strstr(path, part)) ? number : 0;
}

long cg_fault_clock(void)
{
    char text[1024];
    int saved = errno; /* callers do not expect a clock to change it */
    const char *line = line_of(read_switch(text), "clock");
    errno = saved;
    return line ? strtol(line, NULL, 10) : 0;
}
