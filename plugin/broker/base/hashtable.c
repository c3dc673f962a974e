/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "hashtable.h"

#include <stdlib.h>

#define FIRST_CHAINS 64

bool cg_hashtable_init(struct cg_hashtable *table)
{
    table->count = 0;
    table->nchains = FIRST_CHAINS;
    table->chain = calloc(table->nchains, sizeof *table->chain);
    return table->chain != NULL;
}

void cg_hashtable_free(struct cg_hashtable *table)
{
    free(table->chain);
    table->chain = NULL;
    table->nchains = table->count = 0;
}

static void insert(struct cg_hashtable *table, struct cg_node *node)
{
    node->link = &table->chain[node->hash & (table->nchains - 1)];
    node->next = *node->link;
    if (node->next)
        node->next->link = &node->next;
    *node->link = node;
}

static void grow(struct cg_hashtable *table)
{
    struct cg_hashtable bigger = {NULL, table->nchains * 2, table->count};
    bigger.chain = calloc(bigger.nchains, sizeof *bigger.chain);
    if (!bigger.chain)
        return;
    for (size_t i = 0; i < table->nchains; i++) {
        while (table->chain[i]) {
            struct cg_node *node = table->chain[i];
            table->chain[i] = node->next;
            insert(&bigger, node);
        }
    }
    free(table->chain);
    *table = bigger;
}

void cg_hashtable_add(struct cg_hashtable *table, struct cg_node *node, uint64_t hash)
{
    if (table->count >= table->nchains)
        grow(table);
    node->hash = hash;
    insert(table, node);
    table->count++;
}

void cg_hashtable_remove(struct cg_hashtable *table, struct cg_node *node)
{
    if (!node->link)
        return;
    *node->link = node->next;
    if (node->next)
        node->next->link = node->link;
    node->next = NULL;
    node->link = NULL;
    table->count--;
}

struct cg_node *cg_hashtable_find(const struct cg_hashtable *table, uint64_t hash)
{
    struct cg_node *node = table->chain[hash & (table->nchains - 1)];
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct cg_node *cg_node_next(const struct cg_node *node)
{
    struct cg_node *next = node->next;
    while (next && next->hash != node->hash)
        next = next->next;
    return next;
}
