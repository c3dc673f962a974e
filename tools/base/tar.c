/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tar.h"
#include "failure.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK     512
#define DEPTH_MAX 8

/* POSIX.1-1988 ustar; every field is text */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6], version[2];
    char user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

static bool split_name(struct header *h, const char *name)
{
    size_t len = strlen(name);
    const char *slash = name;
    if (len <= sizeof h->name) {
        memcpy(h->name, name, len);
        return true;
    }
    while ((slash = strchr(slash + 1, '/')) && (size_t)(slash - name) <= sizeof h->prefix)
        if (strlen(slash + 1) <= sizeof h->name) {
            memcpy(h->prefix, name, (size_t)(slash - name));
            memcpy(h->name, slash + 1, strlen(slash + 1));
            return true;
        }
    return false;
}

static bool put_header(FILE *out, const char *name, const struct stat *st, char type, const char *link)
{
    struct header h = {.type = type, .magic = "ustar", .version = {'0', '0'}};
    char size[16];
    unsigned sum = 0;
    if (!split_name(&h, name) || strlen(link) > sizeof h.link)
        return false;
    memcpy(h.link, link, strlen(link));
    snprintf(h.mode, sizeof h.mode, "%07o", (unsigned)st->st_mode & 07777);
    snprintf(h.uid, sizeof h.uid, "%07o", (unsigned)st->st_uid & 07777777);
    snprintf(h.gid, sizeof h.gid, "%07o", (unsigned)st->st_gid & 07777777);
    snprintf(size, sizeof size, "%011llo", (type == '0' ? (unsigned long long)st->st_size : 0) & 077777777777ULL);
    memcpy(h.size, size, sizeof h.size);
    snprintf(size, sizeof size, "%011llo", (unsigned long long)st->st_mtime & 077777777777ULL);
    memcpy(h.mtime, size, sizeof h.mtime);
    memset(h.checksum, ' ', sizeof h.checksum);
    for (size_t i = 0; i < sizeof h; i++)
        sum += ((const unsigned char *)&h)[i];
    snprintf(h.checksum, sizeof h.checksum, "%06o", sum & 0777777);
    return fwrite(&h, sizeof h, 1, out) == 1;
}

/* Exactly as many bytes as the header says, then zeros up to the block. */
static bool put_content(FILE *out, int fd, off_t size)
{
    char block[64 * BLOCK];
    off_t left = size;
    while (left > 0) {
        size_t want = left < (off_t)sizeof block ? (size_t)left : sizeof block;
        ssize_t n = read(fd, block, want);
        if (n <= 0 || fwrite(block, 1, (size_t)n, out) != (size_t)n)
            return false;
        left -= n;
    }
    size_t pad = (BLOCK - (size_t)(size % BLOCK)) % BLOCK;
    memset(block, 0, pad);
    return fwrite(block, 1, pad, out) == pad;
}

static bool put_file(FILE *out, const char *path, const char *name, struct cg_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0) {
        cg_fail_errno(err, "read", path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = (put_header(out, name, &st, '0', "") && put_content(out, fd, st.st_size)) ||
              cg_fail_errno(err, "back up", path);
    close(fd);
    return ok;
}

struct walk {
    FILE *out;
    const char *const *skip; /* of the top; NULL further down */
    size_t *files;
    int depth;
};

static bool put_folder(const struct walk *walk, const char *path, const char *name, struct cg_error *err);

static bool put_entry(const struct walk *walk, const char *path, const char *name, struct cg_error *err)
{
    char link[PATH_MAX];
    struct stat st;
    if (lstat(path, &st) != 0)
        return cg_fail_errno(err, "read", path);
    ++*walk->files;
    if (S_ISDIR(st.st_mode))
        return put_folder(walk, path, name, err);
    if (S_ISREG(st.st_mode))
        return put_file(walk->out, path, name, err);
    if (!S_ISLNK(st.st_mode))
        return true;
    ssize_t n = readlink(path, link, sizeof link - 1);
    link[n > 0 ? n : 0] = '\0';
    return (n > 0 && put_header(walk->out, name, &st, '2', link)) || cg_fail_errno(err, "back up", path);
}

static bool is_skipped(const char *const *skip, const char *name)
{
    for (; skip && *skip; skip++)
        if (strcmp(*skip, name) == 0)
            return true;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool put_folder(const struct walk *walk, const char *path, const char *name, struct cg_error *err)
{
    char child[PATH_MAX], child_name[PATH_MAX];
    struct dirent **entries = NULL;
    struct stat st;
    const struct walk below = {walk->out, NULL, walk->files, walk->depth + 1};
    snprintf(child_name, sizeof child_name, "%s/", name);
    if (walk->depth > DEPTH_MAX || stat(path, &st) != 0 || !put_header(walk->out, child_name, &st, '5', ""))
        return cg_fail_errno(err, "back up", path);
    int n = scandir(path, &entries, NULL, alphasort);
    bool ok = n >= 0 || cg_fail_errno(err, "read", path);
    for (int i = 0; i < n; i++) {
        const char *entry = entries[i]->d_name;
        bool fits = snprintf(child, sizeof child, "%s/%s", path, entry) < (int)sizeof child &&
                    snprintf(child_name, sizeof child_name, "%s/%s", name, entry) < (int)sizeof child_name;
        if (ok && !is_skipped(walk->skip, entry))
            ok = fits && put_entry(&below, child, child_name, err);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool cg_tar_folder(FILE *out, const char *folder, const char *prefix, const char *const *skip, size_t *files,
                   struct cg_error *err)
{
    const struct walk top = {out, skip, files, 0};
    *files = 0;
    return put_folder(&top, folder, prefix, err);
}

bool cg_tar_end(FILE *out)
{
    static const char zeros[2 * BLOCK];
    return fwrite(zeros, sizeof zeros, 1, out) == 1;
}
