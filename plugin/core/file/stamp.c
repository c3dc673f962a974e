/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "stamp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int64_t nanoseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

void cg_stamp_look(const char *path, struct cg_stamp *out)
{
    struct stat st;
    memset(out, 0, sizeof *out);
    if (stat(path, &st) != 0)
        return;
    out->present = true;
    out->device = st.st_dev;
    out->inode = st.st_ino;
    out->size = st.st_size;
    out->modified_ns = nanoseconds(&st.st_mtim);
    out->changed_ns = nanoseconds(&st.st_ctim);
}

bool cg_stamp_same(const struct cg_stamp *a, const struct cg_stamp *b)
{
    return a->present == b->present && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

static struct cg_stamp *find(const struct cg_stamps *stamps, const char *path)
{
    for (size_t i = 0; i < stamps->count; i++)
        if (strcmp(stamps->item[i].path, path) == 0)
            return &stamps->item[i];
    return NULL;
}

bool cg_stamps_copy(struct cg_stamps *stamps, const struct cg_stamp *stamp)
{
    struct cg_stamp *grown = realloc(stamps->item, (stamps->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    stamps->item = grown;
    char *path = strdup(stamp->path);
    if (!path)
        return false;
    stamps->item[stamps->count] = *stamp;
    stamps->item[stamps->count++].path = path;
    return true;
}

bool cg_stamps_add(struct cg_stamps *stamps, const char *path)
{
    if (find(stamps, path))
        return true;
    struct cg_stamp stamp;
    cg_stamp_look(path, &stamp);
    stamp.path = (char *)(uintptr_t)path; /* it is copied */
    return cg_stamps_copy(stamps, &stamp);
}

void cg_stamps_replace(struct cg_stamps *stamps, const char *path, const struct cg_stamp *stamp)
{
    struct cg_stamp *held = find(stamps, path);
    if (!held)
        return;
    char *kept = held->path;
    *held = *stamp;
    held->path = kept;
}

/* FNV-1a over the fields, not over the struct: padding is not ours. */
static void mix(uint64_t *hash, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        *hash ^= value >> (8 * i) & 0xff;
        *hash *= 0x100000001b3;
    }
}

static void mix_stamp(uint64_t *hash, const struct cg_stamp *stamp)
{
    mix(hash, stamp->present);
    mix(hash, stamp->device);
    mix(hash, stamp->inode);
    mix(hash, (uint64_t)stamp->size);
    mix(hash, (uint64_t)stamp->modified_ns);
    mix(hash, (uint64_t)stamp->changed_ns);
}

#define FNV_START 0xcbf29ce484222325

uint64_t cg_stamps_now(const struct cg_stamps *stamps)
{
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < stamps->count; i++) {
        struct cg_stamp now;
        cg_stamp_look(stamps->item[i].path, &now);
        mix_stamp(&hash, &now);
    }
    return hash ? hash : 1;
}

uint64_t cg_stamps_then(const struct cg_stamps *stamps)
{
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < stamps->count; i++)
        mix_stamp(&hash, &stamps->item[i]);
    return hash ? hash : 1;
}

bool cg_stamps_equal(const struct cg_stamps *a, const struct cg_stamps *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->item[i].path, b->item[i].path) != 0 || !cg_stamp_same(&a->item[i], &b->item[i]))
            return false;
    return true;
}

void cg_stamps_clear(struct cg_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        free(stamps->item[i].path);
    free(stamps->item);
    memset(stamps, 0, sizeof *stamps);
}
