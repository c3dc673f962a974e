/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "reader.h"
#include "base/failure.h"

#include <archive.h>
#include <archive_entry.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE (1024 * 1024)
#define READ_SIZE   (64 * 1024)

enum got {
    GOT_END = 0, /* of the file; when following: nothing new at present */
    GOT_LINE,
    GOT_FAULT, /* see err; lines read before are valid */
};

/* Lines one at a time, in constant memory. It owns its file. */
struct reader {
    const char *path; /* NULL: standard input */
    int fd;
    char buffer[BUFFER_SIZE];
    size_t start, end;      /* what is read and not yet handed out */
    size_t searched;        /* from start on: no line feed in here */
    bool skipping;          /* inside a line that is too long */
    struct archive *packed; /* unpacks; NULL at the end, until there is more */
    const void *block;      /* what it gave and is not yet in the buffer */
    size_t block_len;
    uint64_t too_long;
};

static const char *name_of(const struct reader *reader)
{
    return reader->path ? reader->path : "standard input";
}

static void stopped(const struct reader *reader, struct archive *packed, struct cg_error *err)
{
    cg_error_set(err, "%s: reading stopped, the file may be damaged or cut off: %s", name_of(reader),
                 archive_error_string(packed));
}

/* What is not packed comes out as it is. */
static bool start_unpacking(struct reader *reader, struct cg_error *err)
{
    struct archive_entry *entry;
    struct archive *packed = archive_read_new();
    if (!packed)
        return cg_fail_memory(err);
    archive_read_support_filter_gzip(packed);
    archive_read_support_filter_xz(packed);
    archive_read_support_filter_zstd(packed);
    archive_read_support_filter_bzip2(packed);
    archive_read_support_format_raw(packed);
    archive_read_support_format_empty(packed);
    int code = archive_read_open_fd(packed, reader->fd, READ_SIZE);
    if (code == ARCHIVE_OK)
        code = archive_read_next_header(packed, &entry);
    if (code == ARCHIVE_OK) {
        reader->packed = packed;
        return true;
    }
    if (code != ARCHIVE_EOF)
        stopped(reader, packed, err);
    archive_read_free(packed);
    return code == ARCHIVE_EOF; /* nothing, or nothing yet */
}

static bool open_file(struct reader *reader, struct cg_error *err)
{
    struct stat st;
    reader->fd = reader->path ? open(reader->path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    if (reader->fd < 0)
        return cg_fail_text(err, "cannot open %s: %s", name_of(reader), strerror(errno));
    if (fstat(reader->fd, &st) == 0 && S_ISDIR(st.st_mode))
        return cg_fail_text(err, "%s is a folder; name the event log in it", name_of(reader));
    return true;
}

static void close_file(struct reader *reader)
{
    archive_read_free(reader->packed);
    if (reader->fd >= 0)
        close(reader->fd);
    reader->packed = NULL;
    reader->fd = -1;
    reader->block_len = 0;
}

static void close_reader(struct reader *reader)
{
    if (!reader)
        return;
    close_file(reader);
    free(reader);
}

/* path "-": standard input; borrowed. NULL when it cannot be opened. */
static struct reader *open_reader(const char *path, struct cg_error *err)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        cg_fail_memory(err);
    else
        reader->path = strcmp(path, "-") == 0 ? NULL : path;
    if (reader && open_file(reader, err))
        return reader;
    close_reader(reader);
    return NULL;
}

/* The next complete line in the buffer. */
static bool take_line(struct reader *reader, const char **line, size_t *len)
{
    char *from = reader->buffer + reader->start;
    char *feed = memchr(from + reader->searched, '\n', reader->end - reader->start - reader->searched);
    if (!feed) {
        reader->searched = reader->end - reader->start;
        return false;
    }
    *line = from;
    *len = (size_t)(feed - from);
    reader->start += *len + 1;
    reader->searched = 0;
    return true;
}

/* Limits memory: drops a line that is too long up to its line feed, and counts it once. */
static void drop_too_long(struct reader *reader)
{
    if (reader->end - reader->start <= CG_LOG_LINE_MAX)
        return;
    reader->too_long += !reader->skipping;
    reader->skipping = true;
    reader->start = reader->end = reader->searched = 0;
}

/* Into out; the number of bytes, 0 at the end, -1 with the error. */
static ssize_t unpack(struct reader *reader, char *out, size_t size, struct cg_error *err)
{
    la_int64_t at;
    int code = ARCHIVE_OK;
    if (!reader->packed && !start_unpacking(reader, err))
        return -1;
    if (reader->packed && !reader->block_len)
        code = archive_read_data_block(reader->packed, &reader->block, &reader->block_len, &at);
    if (!reader->packed || code == ARCHIVE_EOF) {
        archive_read_free(reader->packed);
        reader->packed = NULL;
        return 0;
    }
    if (code != ARCHIVE_OK) {
        stopped(reader, reader->packed, err);
        return -1;
    }
    const size_t len = reader->block_len < size ? reader->block_len : size;
    memcpy(out, reader->block, len);
    reader->block = (const char *)reader->block + len;
    reader->block_len -= len;
    return (ssize_t)len;
}

static ssize_t fill(struct reader *reader, struct cg_error *err)
{
    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    ssize_t got = unpack(reader, reader->buffer + reader->end, BUFFER_SIZE - reader->end, err);
    reader->end += got > 0 ? (size_t)got : 0;
    return got;
}

/* Renamed (logrotate) or truncated (copytruncate): the path names another file now. */
static bool was_replaced(const struct reader *reader)
{
    struct stat ours, now;
    if (!reader->path || stat(reader->path, &now) != 0 || fstat(reader->fd, &ours) != 0)
        return false;
    return now.st_ino != ours.st_ino || now.st_dev != ours.st_dev || now.st_size < lseek(reader->fd, 0, SEEK_CUR);
}

/* The last line of a file if it has no line feed. */
static enum got take_rest(struct reader *reader, const char **line, size_t *len)
{
    *line = reader->buffer + reader->start;
    *len = reader->end - reader->start;
    bool some = *len > 0 && !reader->skipping;
    reader->start = reader->end = reader->searched = 0;
    reader->skipping = false;
    return some ? GOT_LINE : GOT_END;
}

/* The next line, without line feed and not terminated; valid until the next call. With follow, an incomplete line waits for
 * its rest, and a file that was renamed or truncated is read to its end and opened again. */
static enum got next_line(struct reader *reader, bool follow, const char **line, size_t *len, struct cg_error *err)
{
    for (;;) {
        while (take_line(reader, line, len)) {
            if (!reader->skipping && *len <= CG_LOG_LINE_MAX)
                return GOT_LINE;
            reader->too_long += !reader->skipping;
            reader->skipping = false;
        }
        drop_too_long(reader);
        if (reader->fd < 0 && !open_file(reader, err))
            return GOT_FAULT;
        bool replaced = follow && was_replaced(reader); /* checked before the last read, so nothing is missed */
        ssize_t got = fill(reader, err);
        if (got < 0)
            return GOT_FAULT;
        if (got > 0)
            continue;
        if (!follow)
            return take_rest(reader, line, len);
        if (!replaced)
            return GOT_END;
        close_file(reader); /* the next iteration opens it again */
        if (take_rest(reader, line, len) == GOT_LINE)
            return GOT_LINE;
    }
}

/* --- lines into events --- */

static void pass_event(struct cg_log_walk *walk, const char *line, size_t len)
{
    struct cg_log_event event;
    if (!cg_log_object(&line, &len)) {
        walk->foreign += len > 0;
        return;
    }
    if (!cg_log_event_parse(&event, line, len)) {
        walk->foreign++;
    } else if (cg_log_filter_fits(walk->filter, &event)) {
        walk->fitting++;
        walk->visit(walk->context, &event, line, len);
    }
    cg_log_event_free(&event);
}

bool cg_log_walk_file(struct cg_log_walk *walk, const char *path, struct cg_error *err)
{
    const char *line;
    size_t len;
    bool follow = walk->wait && strcmp(path, "-") != 0;
    enum got got = GOT_FAULT;
    struct reader *reader = open_reader(path, err);
    while (reader && !ferror(stdout)) {
        got = next_line(reader, follow, &line, &len, err);
        if (got == GOT_LINE)
            pass_event(walk, line, len);
        else if (got == GOT_FAULT || !follow || !walk->wait())
            break;
    }
    walk->too_long += reader ? reader->too_long : 0;
    close_reader(reader);
    return got != GOT_FAULT;
}
