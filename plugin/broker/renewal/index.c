/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cg_request_index_init(struct cg_request_index *index)
{
    memset(index, 0, sizeof *index);
    return cg_hashtable_init(&index->table);
}

void cg_request_index_clear(struct cg_request_index *index)
{
    for (struct cg_item *item = cg_request_index_first(index); item; item = cg_request_index_first(index))
        cg_request_index_remove(index, item);
}

void cg_request_index_free(struct cg_request_index *index)
{
    cg_request_index_clear(index);
    cg_hashtable_free(&index->table);
}

uint64_t cg_id_hash(const char *id)
{
    char first[17];
    snprintf(first, sizeof first, "%.16s", id);
    return strtoull(first, NULL, 16);
}

struct cg_item *cg_request_index_find(const struct cg_request_index *index, const char *id)
{
    for (struct cg_node *node = cg_hashtable_find(&index->table, cg_id_hash(id)); node; node = cg_node_next(node)) {
        struct cg_item *item = CG_OWNER(node, struct cg_item, by_id);
        if (strcmp(item->id, id) == 0)
            return item;
    }
    return NULL;
}

void cg_request_index_add(struct cg_request_index *index, struct cg_item *item)
{
    cg_hashtable_add(&index->table, &item->by_id, cg_id_hash(item->id));
    cg_queue_append(&index->items, &item->in_order);
    index->bytes += item->bytes;
}

void cg_request_index_remove(struct cg_request_index *index, struct cg_item *item)
{
    cg_hashtable_remove(&index->table, &item->by_id);
    cg_queue_remove(&item->in_order);
    cg_queue_remove(&item->to_read);
    index->bytes -= item->bytes;
    free(item);
}

void cg_request_index_count_bytes(struct cg_request_index *index, struct cg_item *item, size_t bytes)
{
    item->bytes += bytes;
    index->bytes += bytes;
}

bool cg_request_index_is_full(const struct cg_request_index *index, size_t more)
{
    return index->table.count >= CG_SPOOL_REQUESTS_MAX || index->bytes + more > CG_SPOOL_BYTES_MAX;
}

static struct cg_item *item_of(struct cg_queue_node *node)
{
    return node ? CG_OWNER(node, struct cg_item, in_order) : NULL;
}

struct cg_item *cg_request_index_first(const struct cg_request_index *index)
{
    return item_of(index->items.first);
}

struct cg_item *cg_item_next(const struct cg_item *item)
{
    return item_of(item->in_order.next);
}
