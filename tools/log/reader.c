/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "reader.h"
#include "base/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER_SIZE (1024 * 1024)
#define INPUT_SIZE  (64 * 1024)

enum got {
    GOT_END = 0, /* of the file; when following: nothing new at present */
    GOT_LINE,
    GOT_FAULT, /* see err; lines read before are valid */
};

/* Lines one at a time, in constant memory. It owns its file. */
struct reader {
    const char *path; /* borrowed; NULL: standard input */
    int fd;
    char buffer[BUFFER_SIZE];
    size_t start, end;             /* bytes that were read and not yet returned */
    size_t searched;               /* bytes after start that contain no line feed */
    bool skipping;                 /* inside a line that is too long */
    bool detected;                 /* the first bytes were examined: compressed is known */
    bool compressed, member_ended; /* a gzip member has ended: another one, or the end of the file, follows */
    z_stream z;
    unsigned char in[INPUT_SIZE]; /* compressed input */
    size_t too_long;
};

static const char *name_of(const struct reader *reader)
{
    return reader->path ? reader->path : "standard input";
}

static bool open_file(struct reader *reader, struct cg_error *err)
{
    struct stat st;
    reader->fd = reader->path ? open(reader->path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    if (reader->fd < 0)
        cg_error_set(err, "cannot open %s: %s", name_of(reader), strerror(errno));
    else if (fstat(reader->fd, &st) == 0 && S_ISDIR(st.st_mode))
        cg_error_set(err, "%s is a folder; name the event log in it", name_of(reader));
    else
        return true;
    return false;
}

static void close_file(struct reader *reader)
{
    if (reader->compressed)
        inflateEnd(&reader->z);
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
    reader->detected = reader->compressed = reader->member_ended = false;
}

static void close_reader(struct reader *reader)
{
    if (!reader)
        return;
    close_file(reader);
    free(reader);
}

/* path "-": standard input; borrowed. NULL if it cannot be opened. */
static struct reader *open_reader(const char *path, struct cg_error *err)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        cg_fail_memory(err);
        return NULL;
    }
    reader->path = strcmp(path, "-") == 0 ? NULL : path;
    if (open_file(reader, err))
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

static ssize_t read_some(const struct reader *reader, void *out, size_t size, struct cg_error *err)
{
    ssize_t got;
    do
        got = read(reader->fd, out, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        cg_error_set(err, "%s: reading stopped: %s", name_of(reader), strerror(errno));
    return got;
}

/* The first bytes are those of a gzip file (RFC 1952 2.3.1). inflate checks the checksum and length of each member. */
static bool start_unpacking(struct reader *reader, const char *bytes, size_t len, struct cg_error *err)
{
    reader->z = (z_stream){0};
    if (inflateInit2(&reader->z, 15 + 16) != Z_OK)
        return cg_fail_memory(err);
    memcpy(reader->in, bytes, len);
    reader->z.next_in = reader->in;
    reader->z.avail_in = (unsigned)len;
    return reader->compressed = true;
}

static ssize_t unpack(struct reader *reader, char *out, size_t size, struct cg_error *err)
{
    z_stream *z = &reader->z;
    z->next_out = (unsigned char *)out;
    z->avail_out = (unsigned)size;
    while (z->avail_out == size) {
        if (z->avail_in == 0) {
            ssize_t got = read_some(reader, reader->in, INPUT_SIZE, err);
            if (got == 0 && !reader->member_ended)
                cg_error_set(err, "%s: the compressed file is incomplete", name_of(reader));
            if (got <= 0)
                return got == 0 && reader->member_ended ? 0 : -1;
            z->next_in = reader->in;
            z->avail_in = (unsigned)got;
        }
        if (reader->member_ended) /* a file may have several members, joined with cat */
            inflateReset(z);
        int code = inflate(z, Z_NO_FLUSH);
        reader->member_ended = code == Z_STREAM_END;
        if (code != Z_OK && code != Z_STREAM_END) {
            cg_error_set(err, "%s: the compressed file is damaged: %s", name_of(reader), z->msg ? z->msg : "bad data");
            return -1;
        }
    }
    return (ssize_t)(size - z->avail_out);
}

/* Other compressed files are an error: read as text, they would be one line that is not an event. */
static bool is_other_format(const struct reader *reader, const char *bytes, size_t len, struct cg_error *err)
{
    static const struct {
        const char *magic, *program;
    } rows[] = {{"\3757zXZ", "xz"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"BZh", "bzip2"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t magic = strlen(rows[i].magic);
        if (len < magic || memcmp(bytes, rows[i].magic, magic) != 0)
            continue;
        cg_error_set(err, "cannot read %s: it is compressed with %s. Run: %s -dc FILE | certguard log", name_of(reader),
                     rows[i].program, rows[i].program);
        return true;
    }
    return false;
}

/* Into out; the number of bytes, 0 at the end, -1 with the error. */
static ssize_t read_text(struct reader *reader, char *out, size_t size, struct cg_error *err)
{
    if (reader->compressed)
        return unpack(reader, out, size, err);
    ssize_t got = read_some(reader, out, reader->detected ? size : INPUT_SIZE, err);
    if (got <= 0 || reader->detected)
        return got;
    reader->detected = true;
    if (is_other_format(reader, out, (size_t)got, err))
        return -1;
    if (got < 2 || (unsigned char)out[0] != 0x1f || (unsigned char)out[1] != 0x8b)
        return got;
    return start_unpacking(reader, out, (size_t)got, err) ? unpack(reader, out, size, err) : -1;
}

static ssize_t fill(struct reader *reader, struct cg_error *err)
{
    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    ssize_t got = read_text(reader, reader->buffer + reader->end, BUFFER_SIZE - reader->end, err);
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
    cg_progress(walk->progress, ++walk->lines, 0);
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
