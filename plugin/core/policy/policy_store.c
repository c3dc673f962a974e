/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_store.h"

#include <stddef.h>
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

const char *cg_store_bytes(struct cg_policy_store *store, const char *bytes, size_t len)
{
    char *copy = cg_store_get(store, len + 1);
    if (copy)
        memcpy(copy, bytes, len);
    return copy;
}

const char *cg_store_text(struct cg_policy_store *store, const char *text)
{
    return cg_store_bytes(store, text, strlen(text));
}
