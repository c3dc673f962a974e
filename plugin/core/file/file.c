/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file.h"

#include "file_access.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, unsigned char *data, size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = read(fd, data + *got, len - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return true;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool acceptable(const char *path, const struct stat *st, enum cg_file_kind kind, size_t limit,
                       struct cg_error *err)
{
    if (!S_ISREG(st->st_mode)) {
        cg_error_set(err, "%s: expected a regular file, found %s", path,
                     S_ISDIR(st->st_mode) ? "a folder" : "a device, pipe or socket");
        return false;
    }
    if (st->st_size < 0 || (uintmax_t)st->st_size > limit) {
        cg_error_set(err, "%s: expected at most %zu bytes, found %jd. Check that it is the right file", path, limit,
                     (intmax_t)st->st_size);
        return false;
    }
    if (kind == CG_FILE_STATE)
        return cg_access_is_ours(path, st, err);
    return kind != CG_FILE_PRIVATE_KEY || cg_access_is_private(path, st, err);
}

#define LARGE ((off_t)1 << 20)

/* The length of the file according to its DER header; 0 if it is not DER. */
static uintmax_t der_length(const unsigned char *head, size_t len)
{
    size_t octets = len > 1 && head[0] == 0x30 && head[1] > 0x80 ? head[1] & 0x7f : 0;
    uintmax_t inside = 0;
    if (octets == 0 || octets > sizeof inside - 1 || len < 2 + octets)
        return 0;
    for (size_t i = 0; i < octets; i++)
        inside = inside << 8 | head[2 + i];
    return 2 + octets + inside;
}

#define PLACES      64
#define PLACE_BYTES 4096

static bool is_empty_at(int fd, off_t place)
{
    static const char zeros[PLACE_BYTES];
    char bytes[PLACE_BYTES];
    ssize_t len = pread(fd, bytes, sizeof bytes, place);
    return len == (ssize_t)sizeof bytes && memcmp(bytes, zeros, sizeof bytes) == 0;
}

/* Neither PEM nor the entries of a CRL contain that many zeros in a row. lseek finds the hole of a sparse file on
 * file systems that report it. Samples find the rest, such as allocated space that was never written. */
static bool has_empty_places(int fd, off_t size)
{
    off_t hole = lseek(fd, 0, SEEK_HOLE);
    bool empty = hole >= 0 && hole < size && is_empty_at(fd, hole);
    (void)lseek(fd, 0, SEEK_SET);
    for (off_t i = 1; !empty && i < PLACES; i++)
        empty = is_empty_at(fd, size / PLACES * i);
    return empty || is_empty_at(fd, size - PLACE_BYTES);
}

/* Rejects a large file that cannot contain CRLs before it is read: a sparse file of two gigabytes costs nothing to
 * make. */
static bool looks_like_crls(const char *path, int fd, const struct stat *st, struct cg_error *err)
{
    char head[4096 + 1]; /* text may come before PEM */
    ssize_t len = st->st_size > LARGE ? pread(fd, head, sizeof head - 1, 0) : 0;
    if (st->st_size <= LARGE)
        return true;
    head[len > 0 ? len : 0] = '\0';
    bool begins = len > 0 && (strstr(head, "-----BEGIN ") ||
                              der_length((const unsigned char *)head, (size_t)len) == (uintmax_t)st->st_size);
    if (begins && !has_empty_places(fd, st->st_size))
        return true;
    cg_error_set(err, "%s: expected CRLs in PEM or DER, found %jd bytes that %s. Check that it is the right file%s",
                 path, (intmax_t)st->st_size, begins ? "contain blocks of zeros" : "do not begin like either",
                 begins ? " and that it is complete" : "");
    return false;
}

bool cg_file_read(const char *path, enum cg_file_kind kind, size_t limit, struct cg_bytes *out, struct cg_error *err)
{
    struct stat before, after;
    struct cg_bytes bytes = {NULL, 0};
    size_t size = 0;
    bool ok = false;
    memset(out, 0, sizeof *out);

    /* O_NONBLOCK: opening a pipe must not block. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        cg_access_explain(path, errno, kind, err);
        return false;
    }
    if (fstat(fd, &before) != 0) {
        cg_error_set(err, "%s: cannot read the status of the file: %s", path, strerror(errno));
        goto out;
    }
    if (!acceptable(path, &before, kind, limit, err))
        goto out;
    if (kind == CG_FILE_CRLS && !looks_like_crls(path, fd, &before, err))
        goto out;
    size = (size_t)before.st_size;
    bytes.data = malloc(size + 1);
    if (!bytes.data) {
        cg_error_set(err, "%s: out of memory for %zu bytes", path, size);
        goto out;
    }
    /* One byte more than expected, to notice a file that grows. */
    if (!read_all(fd, bytes.data, size + 1, &bytes.len)) {
        cg_error_set(err, "%s: cannot read the file: %s", path, strerror(errno));
        goto out;
    }
    if (bytes.len != size || fstat(fd, &after) != 0 || !same_state(&before, &after)) {
        cg_error_set(err, "%s: the file changed while it was read. Write a new file and rename it over this one", path);
        goto out;
    }
    bytes.data[size] = '\0';
    *out = bytes;
    bytes.data = NULL;
    ok = true;
out:
    if (bytes.data && kind == CG_FILE_PRIVATE_KEY)
        OPENSSL_cleanse(bytes.data, size + 1);
    free(bytes.data);
    close(fd);
    return ok;
}

void cg_bytes_free(struct cg_bytes *bytes)
{
    if (!bytes)
        return;
    free(bytes->data);
    memset(bytes, 0, sizeof *bytes);
}

void cg_bytes_wipe(struct cg_bytes *bytes)
{
    if (bytes && bytes->data)
        OPENSSL_cleanse(bytes->data, bytes->len);
    cg_bytes_free(bytes);
}

static bool wanted(const char *name, const char *const *suffixes)
{
    for (; name[0] != '.' && *suffixes; suffixes++) {
        size_t len = strlen(name), tail = strlen(*suffixes);
        if (len > tail && strcmp(name + len - tail, *suffixes) == 0)
            return true;
    }
    return false;
}

static bool visit_entry(const char *folder, const char *name, cg_file_visit_fn *visit, void *context,
                        struct cg_error *err)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (!path) {
        cg_error_set(err, "%s: out of memory", folder);
        return false;
    }
    snprintf(path, size, "%s/%s", folder, name);
    bool ok = visit(context, path, err);
    free(path);
    return ok;
}

bool cg_folder_visit(const char *folder, const char *const *suffixes, cg_file_visit_fn *visit, void *context,
                     struct cg_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    bool ok = count >= 0;
    if (!ok && errno == EACCES)
        cg_access_explain_folder(folder, err);
    else if (!ok)
        cg_error_set(err, "%s: cannot list the folder: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (ok && wanted(entries[i]->d_name, suffixes))
            ok = visit_entry(folder, entries[i]->d_name, visit, context, err);
        free(entries[i]);
    }
    free(entries);
    return ok;
}
