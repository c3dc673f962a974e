/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Preloaded into the tool or the broker under test, to make system calls fail.
 * By number: it counts the calls that change files. At call number CG_FAULT_AT it kills the process before the call is made
 * (CG_FAULT=kill), or makes this and every later call fail that needs space or a writable file system (CG_FAULT=ENOSPC,
 * CG_FAULT=EROFS). Output to descriptors 0 to 2 is not counted.
 * By name, while the process runs: see fault_switch.h. */
#include "fault_switch.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* If off_t has 32 bits by default, callers use the functions for large files. */
#if defined _FILE_OFFSET_BITS && defined __GLIBC__
#define LARGE "64"
#else
#define LARGE ""
#endif

#define REAL(type, name, ...)                                                                                          \
    static type (*real)(__VA_ARGS__);                                                                                  \
    if (!real)                                                                                                         \
    *(void **)&real = dlsym(RTLD_NEXT, name)

static int fault_errno(const char *word)
{
    return strcmp(word, "ENOSPC") == 0 ? ENOSPC : strcmp(word, "EROFS") == 0 ? EROFS : 0;
}

/* Counts a call. Returns the errno to fail with, or 0. */
static int count_call(int needs_space)
{
    static atomic_int calls;
    const char *at = getenv("CG_FAULT_AT"), *fault = getenv("CG_FAULT");
    if (!at || !fault)
        return 0;
    int n = atomic_fetch_add(&calls, 1) + 1, limit = atoi(at);
    if (n == limit && strcmp(fault, "kill") == 0)
        raise(SIGKILL);
    return needs_space && n >= limit ? fault_errno(fault) : 0;
}

static int fails(int needs_space)
{
    int number = count_call(needs_space);
    if (number)
        errno = number;
    return number;
}

static int is_off(const char *call, const char *path, int fd)
{
    int number = cg_fault_switched(call, path, fd);
    if (number)
        errno = number;
    return number;
}

/* Not a socket or a pipe. */
static int is_file(int fd)
{
    struct stat st;
    return fd > 2 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

ssize_t write(int fd, const void *data, size_t len)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    return fd > 2 && ((is_file(fd) && fails(1)) || is_off("write", NULL, fd)) ? -1 : real(fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    REAL(ssize_t, "pwrite" LARGE, int, const void *, size_t, off_t);
    return fails(1) ? -1 : real(fd, data, len, at);
}

int open(const char *path, int flags, ...)
{
    REAL(int, "open" LARGE, const char *, int, ...);
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return ((flags & O_CREAT) && fails(1)) || is_off("open", path, -1) ? -1 : real(path, flags, mode);
}

int fsync(int fd)
{
    REAL(int, "fsync", int);
    return fails(0) ? -1 : real(fd);
}

int syncfs(int fd)
{
    REAL(int, "syncfs", int);
    return fails(0) || is_off("syncfs", NULL, fd) ? -1 : real(fd);
}

int rename(const char *from, const char *to)
{
    REAL(int, "rename", const char *, const char *);
    return fails(0) ? -1 : real(from, to);
}

int unlink(const char *path)
{
    REAL(int, "unlink", const char *);
    return fails(0) ? -1 : real(path);
}

int rmdir(const char *path)
{
    REAL(int, "rmdir", const char *);
    return fails(0) ? -1 : real(path);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(int, "mkdir", const char *, mode_t);
    return fails(1) ? -1 : real(path, mode);
}

int symlink(const char *to, const char *path)
{
    REAL(int, "symlink", const char *, const char *);
    return fails(1) || is_off("symlink", path, -1) ? -1 : real(to, path);
}

/* ---- the same calls relative to an open folder */

int openat(int folder, const char *path, int flags, ...)
{
    REAL(int, "openat" LARGE, int, const char *, int, ...);
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return (flags & O_CREAT) && fails(1) ? -1 : real(folder, path, flags, mode);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    REAL(int, "renameat", int, const char *, int, const char *);
    return fails(0) ? -1 : real(from_folder, from, to_folder, to);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    REAL(int, "mkdirat", int, const char *, mode_t);
    return fails(1) ? -1 : real(folder, path, mode);
}

int symlinkat(const char *to, int folder, const char *path)
{
    REAL(int, "symlinkat", const char *, int, const char *);
    return fails(1) || is_off("symlink", path, -1) ? -1 : real(to, folder, path);
}

int unlinkat(int folder, const char *path, int flags)
{
    REAL(int, "unlinkat", int, const char *, int);
    return fails(0) ? -1 : real(folder, path, flags);
}

/* ---- calls that fail by name only */

ssize_t read(int fd, void *data, size_t len)
{
    REAL(ssize_t, "read", int, void *, size_t);
    return is_off("read", NULL, fd) ? -1 : real(fd, data, len);
}

int stat(const char *path, struct stat *out)
{
    REAL(int, "stat" LARGE, const char *, struct stat *);
    return is_off("stat", path, -1) ? -1 : real(path, out);
}

int fstat(int fd, struct stat *out)
{
    REAL(int, "fstat" LARGE, int, struct stat *);
    return is_off("fstat", NULL, fd) ? -1 : real(fd, out);
}

DIR *opendir(const char *path)
{
    REAL(DIR *, "opendir", const char *);
    return is_off("opendir", path, -1) ? NULL : real(path);
}

int RAND_bytes(unsigned char *out, int len);
int RAND_bytes(unsigned char *out, int len)
{
    static atomic_int calls;
    REAL(int, "RAND_bytes", unsigned char *, int);
    if (atomic_fetch_add(&calls, 1) >= cg_fault_switched("RAND_bytes", NULL, -1))
        return real(out, len);
    memset(out, 0x5a, (size_t)len);
    return 1;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    REAL(int, "pthread_create", pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    int number = cg_fault_switched("pthread_create", NULL, -1);
    return number ? number : real(thread, attributes, run, argument);
}

int timer_create(clockid_t id, struct sigevent *event, timer_t *timer)
{
    REAL(int, "timer_create", clockid_t, struct sigevent *, timer_t *);
    return is_off("timer_create", NULL, -1) ? -1 : real(id, event, timer);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, id, now);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += cg_fault_clock();
    return result;
}

time_t time(time_t *out)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *out, void *zone)
{
    struct timespec now = {0, 0};
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
