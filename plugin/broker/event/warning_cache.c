/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "warning_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 256
#define SLOTS_MAX 262144 /* 4 MB */
#define KEY_SIZE  15     /* of the fingerprint: a clash costs one warning */

struct slot {
    unsigned char key[KEY_SIZE];
    unsigned char level; /* 0: free */
};

struct cg_warning_cache {
    struct slot *slot;
    size_t nslots, used;
};

struct cg_warning_cache *cg_warning_cache_new(void)
{
    struct cg_warning_cache *told = calloc(1, sizeof *told);
    if (!told)
        return NULL;
    told->slot = calloc(SLOTS_MIN, sizeof *told->slot);
    told->nslots = SLOTS_MIN;
    if (told->slot)
        return told;
    free(told);
    return NULL;
}

void cg_warning_cache_free(struct cg_warning_cache *told)
{
    if (!told)
        return;
    free(told->slot);
    free(told);
}

/* The slot that holds the key, or the free one where it belongs. There always is a free one. */
static struct slot *find(struct slot *slots, size_t nslots, const unsigned char *key)
{
    size_t hash;
    memcpy(&hash, key, sizeof hash);
    size_t i = hash & (nslots - 1);
    while (slots[i].level && memcmp(slots[i].key, key, KEY_SIZE) != 0)
        i = (i + 1) & (nslots - 1);
    return &slots[i];
}

static void make_room(struct cg_warning_cache *told)
{
    if (told->used < told->nslots / 2)
        return;
    struct slot *bigger = told->nslots < SLOTS_MAX ? calloc(told->nslots * 2, sizeof *bigger) : NULL;
    if (!bigger) {
        memset(told->slot, 0, told->nslots * sizeof *told->slot);
        told->used = 0;
        return;
    }
    for (size_t i = 0; i < told->nslots; i++)
        if (told->slot[i].level)
            *find(bigger, told->nslots * 2, told->slot[i].key) = told->slot[i];
    free(told->slot);
    told->slot = bigger;
    told->nslots *= 2;
}

bool cg_warning_cache_raise(struct cg_warning_cache *told, const unsigned char fingerprint[32], unsigned level)
{
    struct slot *slot = find(told->slot, told->nslots, fingerprint);
    if (slot->level >= level)
        return false;
    if (!slot->level) {
        make_room(told);
        slot = find(told->slot, told->nslots, fingerprint);
        memcpy(slot->key, fingerprint, KEY_SIZE);
        told->used++;
    }
    slot->level = level < UINT8_MAX ? (unsigned char)level : UINT8_MAX;
    return true;
}

bool cg_warning_cache_has(const struct cg_warning_cache *told, const unsigned char fingerprint[32])
{
    return find(told->slot, told->nslots, fingerprint)->level > 0;
}
