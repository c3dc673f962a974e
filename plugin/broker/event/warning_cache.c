/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "warning_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 256
#define SLOTS_MAX 262144 /* 4 MB */
#define KEY_SIZE  15     /* bytes of the fingerprint; a collision costs one warning */

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
    struct cg_warning_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->slot = calloc(SLOTS_MIN, sizeof *cache->slot);
    cache->nslots = SLOTS_MIN;
    if (cache->slot)
        return cache;
    free(cache);
    return NULL;
}

void cg_warning_cache_free(struct cg_warning_cache *cache)
{
    if (!cache)
        return;
    free(cache->slot);
    free(cache);
}

/* The slot of the key, or the free slot for it. There always is a free slot. */
static struct slot *find(struct slot *slots, size_t nslots, const unsigned char *key)
{
    size_t hash;
    memcpy(&hash, key, sizeof hash);
    size_t i = hash & (nslots - 1);
    while (slots[i].level && memcmp(slots[i].key, key, KEY_SIZE) != 0)
        i = (i + 1) & (nslots - 1);
    return &slots[i];
}

static void make_room(struct cg_warning_cache *cache)
{
    if (cache->used < cache->nslots / 2)
        return;
    struct slot *bigger = cache->nslots < SLOTS_MAX ? calloc(cache->nslots * 2, sizeof *bigger) : NULL;
    if (!bigger) {
        memset(cache->slot, 0, cache->nslots * sizeof *cache->slot);
        cache->used = 0;
        return;
    }
    for (size_t i = 0; i < cache->nslots; i++)
        if (cache->slot[i].level)
            *find(bigger, cache->nslots * 2, cache->slot[i].key) = cache->slot[i];
    free(cache->slot);
    cache->slot = bigger;
    cache->nslots *= 2;
}

bool cg_warning_cache_raise(struct cg_warning_cache *cache, const unsigned char fingerprint[32], unsigned level)
{
    struct slot *slot = find(cache->slot, cache->nslots, fingerprint);
    if (slot->level >= level)
        return false;
    if (!slot->level) {
        make_room(cache);
        slot = find(cache->slot, cache->nslots, fingerprint);
        memcpy(slot->key, fingerprint, KEY_SIZE);
        cache->used++;
    }
    slot->level = level < UINT8_MAX ? (unsigned char)level : UINT8_MAX;
    return true;
}

bool cg_warning_cache_has(const struct cg_warning_cache *cache, const unsigned char fingerprint[32])
{
    return find(cache->slot, cache->nslots, fingerprint)->level > 0;
}
