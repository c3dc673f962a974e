/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "log_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER_SIZE (1024 * 1024)

#define PACKED_SIZE (64 * 1024)

struct cg_log_reader {
    char *path; /* NULL: standard input */
    int fd;
    char *buffer;
    size_t start, end; /* what is read and not yet handed out */
    size_t searched;   /* from start on: no line feed in here */
    bool skipping;     /* inside a line that is too long */
    bool looked;       /* at the first bytes: packed is known */
    bool packed, member_ended;
    z_stream z;
    unsigned char *in; /* of a packed file, as read */
    uint64_t too_long, bytes;
};

static const char *name_of(const struct cg_log_reader *reader)
{
    return reader->path ? reader->path : "standard input";
}

static bool open_file(struct cg_log_reader *reader, struct cg_error *err)
{
    struct stat st;
    reader->fd = reader->path ? open(reader->path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    if (reader->fd < 0)
        cg_error_set(err, "%s cannot be opened: %s", name_of(reader), strerror(errno));
    else if (fstat(reader->fd, &st) == 0 && S_ISDIR(st.st_mode))
        cg_error_set(err, "%s is a folder; name the event log in it", name_of(reader));
    else
        return true;
    return false;
}

static void close_file(struct cg_log_reader *reader)
{
    if (reader->packed)
        inflateEnd(&reader->z);
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
    reader->looked = reader->packed = reader->member_ended = false;
}

struct cg_log_reader *cg_log_open(const char *path, struct cg_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct cg_log_reader *reader = calloc(1, sizeof *reader);
    if (reader) {
        reader->fd = -1;
        reader->buffer = malloc(BUFFER_SIZE);
    }
    if (reader && !is_stdin)
        reader->path = strdup(path);
    if (!reader || !reader->buffer || (!is_stdin && !reader->path)) {
        cg_error_set(err, "out of memory");
        cg_log_close(reader);
        return NULL;
    }
    if (!open_file(reader, err)) {
        cg_log_close(reader);
        return NULL;
    }
    return reader;
}

void cg_log_close(struct cg_log_reader *reader)
{
    if (!reader)
        return;
    close_file(reader);
    free(reader->in);
    free(reader->buffer);
    free(reader->path);
    free(reader);
}

/* A whole line of what is in the buffer. */
static bool take_line(struct cg_log_reader *reader, const char **line, size_t *len)
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

/* A line without end must not fill the memory: it is dropped up to its line feed, and counted once. */
static void drop_too_long(struct cg_log_reader *reader)
{
    if (reader->end - reader->start <= CG_LOG_LINE_MAX)
        return;
    reader->too_long += !reader->skipping;
    reader->skipping = true;
    reader->start = reader->end = reader->searched = 0;
}

static ssize_t read_some(const struct cg_log_reader *reader, void *out, size_t size, struct cg_error *err)
{
    ssize_t got;
    do
        got = read(reader->fd, out, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        cg_error_set(err, "%s: reading stopped: %s", name_of(reader), strerror(errno));
    return got;
}

/* The first bytes of a gzip file (RFC 1952 2.3.1) have come: from now on they are unpacked. */
static bool start_unpacking(struct cg_log_reader *reader, const char *bytes, size_t len, struct cg_error *err)
{
    if (!reader->in)
        reader->in = malloc(PACKED_SIZE);
    memset(&reader->z, 0, sizeof reader->z);
    if (!reader->in || inflateInit2(&reader->z, 15 + 16) != Z_OK) {
        cg_error_set(err, "%s: out of memory", name_of(reader));
        return false;
    }
    memcpy(reader->in, bytes, len);
    reader->z.next_in = reader->in;
    reader->z.avail_in = (unsigned)len;
    reader->packed = true;
    return true;
}

static ssize_t unpack(struct cg_log_reader *reader, char *out, size_t size, struct cg_error *err)
{
    z_stream *z = &reader->z;
    z->next_out = (unsigned char *)out;
    z->avail_out = (unsigned)size;
    while (z->avail_out == size) {
        if (z->avail_in == 0) {
            ssize_t got = read_some(reader, reader->in, PACKED_SIZE, err);
            if (got == 0 && !reader->member_ended)
                cg_error_set(err, "%s: the packed file is cut off", name_of(reader));
            if (got <= 0)
                return got == 0 && reader->member_ended ? 0 : -1;
            z->next_in = reader->in;
            z->avail_in = (unsigned)got;
        }
        if (reader->member_ended) /* gzip files may be joined with cat */
            inflateReset(z);
        int code = inflate(z, Z_NO_FLUSH);
        reader->member_ended = code == Z_STREAM_END;
        if (code != Z_OK && code != Z_STREAM_END) {
            cg_error_set(err, "%s: the packed file is damaged: %s", name_of(reader), z->msg ? z->msg : "bad data");
            return -1;
        }
    }
    return (ssize_t)(size - z->avail_out);
}

/* Packed in a way that is not unpacked here: as text it would be one foreign line, and its events would be missed. */
static bool is_foreign_packing(const struct cg_log_reader *reader, const char *bytes, size_t len, struct cg_error *err)
{
    static const struct {
        const char *magic, *program;
    } rows[] = {{"\3757zXZ", "xz"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"BZh", "bzip2"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t magic = strlen(rows[i].magic);
        if (len < magic || memcmp(bytes, rows[i].magic, magic) != 0)
            continue;
        cg_error_set(err, "%s is packed with %s; pipe it in: %s -dc FILE | certguard log", name_of(reader),
                     rows[i].program, rows[i].program);
        return true;
    }
    return false;
}

/* Into out; the number of bytes, 0 at the end, -1 with the error. */
static ssize_t read_text(struct cg_log_reader *reader, char *out, size_t size, struct cg_error *err)
{
    if (reader->packed)
        return unpack(reader, out, size, err);
    ssize_t got = read_some(reader, out, reader->looked ? size : PACKED_SIZE, err);
    if (got <= 0 || reader->looked)
        return got;
    reader->looked = true;
    if (is_foreign_packing(reader, out, (size_t)got, err))
        return -1;
    if (got < 2 || (unsigned char)out[0] != 0x1f || (unsigned char)out[1] != 0x8b)
        return got;
    return start_unpacking(reader, out, (size_t)got, err) ? unpack(reader, out, size, err) : -1;
}

static ssize_t fill(struct cg_log_reader *reader, struct cg_error *err)
{
    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    ssize_t got = read_text(reader, reader->buffer + reader->end, BUFFER_SIZE - reader->end, err);
    if (got > 0) {
        reader->end += (size_t)got;
        reader->bytes += (uint64_t)got;
    }
    return got;
}

/* Moved away (logrotate) or cut short (copytruncate): the path now names other bytes than ours. */
static bool was_replaced(const struct cg_log_reader *reader)
{
    struct stat ours, now;
    if (!reader->path || stat(reader->path, &now) != 0 || fstat(reader->fd, &ours) != 0)
        return false;
    return now.st_ino != ours.st_ino || now.st_dev != ours.st_dev || now.st_size < lseek(reader->fd, 0, SEEK_CUR);
}

/* At the end of a file that is not followed any further: what stands there without a line feed. */
static enum cg_log_read take_half(struct cg_log_reader *reader, const char **line, size_t *len)
{
    *line = reader->buffer + reader->start;
    *len = reader->end - reader->start;
    bool some = *len > 0 && !reader->skipping;
    reader->start = reader->end = reader->searched = 0;
    reader->skipping = false;
    return some ? CG_LOG_LINE : CG_LOG_END;
}

enum cg_log_read cg_log_next(struct cg_log_reader *reader, bool follow, const char **line, size_t *len,
                             struct cg_error *err)
{
    for (;;) {
        while (take_line(reader, line, len)) {
            if (!reader->skipping && *len <= CG_LOG_LINE_MAX)
                return CG_LOG_LINE;
            reader->too_long += !reader->skipping;
            reader->skipping = false;
        }
        drop_too_long(reader);
        if (reader->fd < 0 && !open_file(reader, err))
            return CG_LOG_FAULT;
        bool replaced = follow && was_replaced(reader); /* asked before the last read: nothing is missed */
        ssize_t got = fill(reader, err);
        if (got < 0)
            return CG_LOG_FAULT;
        if (got > 0)
            continue;
        if (!follow)
            return take_half(reader, line, len);
        if (!replaced)
            return CG_LOG_END;
        close_file(reader); /* opened anew with the next round */
        if (take_half(reader, line, len) == CG_LOG_LINE)
            return CG_LOG_LINE;
    }
}

uint64_t cg_log_too_long(const struct cg_log_reader *reader)
{
    return reader->too_long;
}

uint64_t cg_log_bytes(const struct cg_log_reader *reader)
{
    return reader->bytes;
}
