/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_parse.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

union block {
    union block *next;
    max_align_t align;
};

struct cg_policy_store {
    union block *blocks;
};

struct cg_policy_store *cg_store_new(void)
{
    return calloc(1, sizeof(struct cg_policy_store));
}

void cg_store_free(struct cg_policy_store *store)
{
    while (store && store->blocks) {
        union block *next = store->blocks->next;
        free(store->blocks);
        store->blocks = next;
    }
    free(store);
}

void *cg_store_get(struct cg_policy_store *store, size_t size)
{
    union block *block = calloc(1, sizeof *block + (size ? size : 1));
    if (!block)
        return NULL;
    block->next = store->blocks;
    store->blocks = block;
    return block + 1;
}

const char *cg_store_text(struct cg_policy_store *store, const char *text)
{
    size_t len = strlen(text);
    char *copy = cg_store_get(store, len + 1);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

bool cg_parse_fail(struct cg_parse *parse, const struct cg_place *at, const char *format, ...)
{
    char place[256], text[768];
    va_list args;
    cg_place_text(at, place, sizeof place);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cg_error_set(parse->err, "%s: %s: %s", parse->name, place, text);
    return false;
}

bool cg_parse_mismatch(struct cg_parse *parse, const struct cg_place *at, const struct cg_key *key, const cJSON *json)
{
    char expected[512], found[80];
    cg_key_expected(key, expected, sizeof expected);
    cg_json_found(json, found, sizeof found);
    if (key->fallback && key->type != CG_TYPE_OBJECT)
        return cg_parse_fail(parse, at, "expected %s, found %s; the default is %s", expected, found, key->fallback);
    return cg_parse_fail(parse, at, "expected %s, found %s", expected, found);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t cg_word_distance(const char *a, const char *b)
{
    size_t row[32];
    size_t len = strlen(b);
    if (len >= sizeof row / sizeof *row || strlen(a) >= sizeof row / sizeof *row)
        return SIZE_MAX;
    for (size_t k = 0; k <= len; k++)
        row[k] = k;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= len; k++) {
            size_t above = row[k];
            row[k] = least(least(row[k] + 1, row[k - 1] + 1), diagonal + (*a != b[k - 1]));
            diagonal = above;
        }
    }
    return row[len];
}

size_t cg_near_enough(const char *word)
{
    return 1 + strlen(word) / 4;
}
