/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The broker may have been killed, or have lost power, while writing a line. */
static bool ends_with_incomplete_line(const char *path, const struct stat *st)
{
    char last = '\n';
    int fd = S_ISREG(st->st_mode) && st->st_size > 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    if (fd < 0)
        return false;
    ssize_t n = pread(fd, &last, 1, st->st_size - 1);
    close(fd);
    return n == 1 && last != '\n';
}

int cg_logfile_open(struct cg_logfile *file, const char *path)
{
    struct stat st;
    *file = (struct cg_logfile){.path = path, .fd = -1};
    /* Nonblocking: a pipe without a reader must not block the writer. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (fd < 0)
        return errno;
    if (fstat(fd, &st) != 0) {
        int error = errno;
        close(fd);
        return error;
    }
    file->fd = fd;
    file->device = st.st_dev;
    file->inode = st.st_ino;
    file->torn = ends_with_incomplete_line(path, &st);
    return 0;
}

int cg_logfile_follow(struct cg_logfile *file)
{
    struct stat st;
    if (file->fd >= 0 && stat(file->path, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode)
        return 0;
    cg_logfile_close(file);
    return cg_logfile_open(file, file->path);
}

static int write_all(int fd, const char *data, size_t len, size_t *done)
{
    for (*done = 0; *done < len;) {
        ssize_t n = write(fd, data + *done, len - *done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return EIO;
        *done += (size_t)n;
    }
    return 0;
}

int cg_logfile_append(struct cg_logfile *file, const char *data, size_t len)
{
    size_t done = 0;
    if (file->fd < 0)
        return EBADF;
    if (file->torn && write_all(file->fd, "\n", 1, &done) == 0)
        file->torn = false;
    int error = file->torn ? EIO : write_all(file->fd, data, len, &done);
    if (!error || done == 0)
        return error;
    /* Remove the incomplete line: readers would see two events in one line. */
    off_t end = lseek(file->fd, 0, SEEK_END);
    file->torn = end < (off_t)done || ftruncate(file->fd, end - (off_t)done) != 0;
    return error;
}

void cg_logfile_close(struct cg_logfile *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}
