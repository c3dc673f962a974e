/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "file_state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int64_t nanoseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

void cg_file_state_read(const char *path, struct cg_file_state *out)
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

bool cg_file_state_same(const struct cg_file_state *a, const struct cg_file_state *b)
{
    return a->present == b->present && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

static struct cg_file_state *find(const struct cg_file_states *file_states, const char *path)
{
    for (size_t i = 0; i < file_states->count; i++)
        if (strcmp(file_states->item[i].path, path) == 0)
            return &file_states->item[i];
    return NULL;
}

bool cg_file_states_copy(struct cg_file_states *file_states, const struct cg_file_state *file_state)
{
    struct cg_file_state *grown = realloc(file_states->item, (file_states->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    file_states->item = grown;
    char *path = strdup(file_state->path);
    if (!path)
        return false;
    file_states->item[file_states->count] = *file_state;
    file_states->item[file_states->count++].path = path;
    return true;
}

bool cg_file_states_add(struct cg_file_states *file_states, const char *path)
{
    if (find(file_states, path))
        return true;
    struct cg_file_state file_state;
    cg_file_state_read(path, &file_state);
    file_state.path = (char *)(uintptr_t)path; /* cg_file_states_copy copies it */
    return cg_file_states_copy(file_states, &file_state);
}

void cg_file_states_replace(struct cg_file_states *file_states, const char *path,
                            const struct cg_file_state *file_state)
{
    struct cg_file_state *held = find(file_states, path);
    if (!held)
        return;
    char *kept = held->path;
    *held = *file_state;
    held->path = kept;
}

/* FNV-1a over the fields, not over the struct, whose padding is undefined. */
static void mix(uint64_t *hash, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        *hash ^= value >> (8 * i) & 0xff;
        *hash *= 0x100000001b3;
    }
}

static void mix_state(uint64_t *hash, const struct cg_file_state *file_state)
{
    mix(hash, file_state->present);
    mix(hash, file_state->device);
    mix(hash, file_state->inode);
    mix(hash, (uint64_t)file_state->size);
    mix(hash, (uint64_t)file_state->modified_ns);
    mix(hash, (uint64_t)file_state->changed_ns);
}

#define FNV_START 0xcbf29ce484222325

uint64_t cg_file_states_current_hash(const struct cg_file_states *file_states)
{
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < file_states->count; i++) {
        struct cg_file_state now;
        cg_file_state_read(file_states->item[i].path, &now);
        mix_state(&hash, &now);
    }
    return hash ? hash : 1;
}

uint64_t cg_file_states_recorded_hash(const struct cg_file_states *file_states)
{
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < file_states->count; i++)
        mix_state(&hash, &file_states->item[i]);
    return hash ? hash : 1;
}

bool cg_file_states_equal(const struct cg_file_states *a, const struct cg_file_states *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->item[i].path, b->item[i].path) != 0 || !cg_file_state_same(&a->item[i], &b->item[i]))
            return false;
    return true;
}

void cg_file_states_clear(struct cg_file_states *file_states)
{
    for (size_t i = 0; i < file_states->count; i++)
        free(file_states->item[i].path);
    free(file_states->item);
    memset(file_states, 0, sizeof *file_states);
}
