/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "serials.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE ((size_t)1024) /* a power of two */

/* FNV-1a over the digits, without the leading zeros that other programs write. Two numbers have the same hash with a
 * probability of 2^-64. */
static uint64_t hash_of(const char *hex)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);
    for (hex += strspn(hex, "0"); *hex; hex++)
        value = (value ^ (unsigned char)toupper((unsigned char)*hex)) * UINT64_C(0x100000001b3);
    return value ? value : 1;
}

static size_t place_of(const struct cg_serials *set, uint64_t value)
{
    /* the low bits of FNV are weak: Fibonacci hashing */
    size_t at = (size_t)((value * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (set->size - 1);
    while (set->slot[at] && set->slot[at] != value)
        at = (at + 1) & (set->size - 1);
    return at;
}

static bool grow(struct cg_serials *set)
{
    struct cg_serials bigger = {.size = set->size ? 2 * set->size : FIRST_SIZE, .count = set->count};
    if (!(bigger.slot = calloc(bigger.size, sizeof *bigger.slot)))
        return false;
    for (size_t i = 0; i < set->size; i++)
        if (set->slot[i])
            bigger.slot[place_of(&bigger, set->slot[i])] = set->slot[i];
    free(set->slot);
    *set = bigger;
    return true;
}

bool cg_serials_add(struct cg_serials *set, const char *hex)
{
    if (2 * (set->count + 1) > set->size && !grow(set))
        return false;
    uint64_t value = hash_of(hex);
    size_t at = place_of(set, value);
    set->count += set->slot[at] == 0;
    set->slot[at] = value;
    return true;
}

bool cg_serials_has(const struct cg_serials *set, const char *hex)
{
    return set->size && set->slot[place_of(set, hash_of(hex))];
}

void cg_serials_free(struct cg_serials *set)
{
    free(set->slot);
    *set = (struct cg_serials){0};
}

const struct cg_serials *cg_known_as(const struct cg_known *known, bool revoked, bool compromised)
{
    return !revoked ? &known->issued : compromised ? &known->compromised : &known->revoked;
}

void cg_known_free(struct cg_known *known)
{
    cg_serials_free(&known->issued);
    cg_serials_free(&known->revoked);
    cg_serials_free(&known->compromised);
}
