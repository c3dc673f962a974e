/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "table.h"

#include "index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cg_table_init(struct cg_table *table)
{
    memset(table, 0, sizeof *table);
    return cg_hashtable_init(&table->by_id) && cg_hashtable_init(&table->by_certificate) &&
           cg_hashtable_init(&table->by_key) && cg_hashtable_init(&table->by_leaf);
}

void cg_table_free(struct cg_table *table)
{
    for (struct cg_entry *entry = cg_table_first(table); entry; entry = cg_table_first(table))
        cg_table_remove(table, entry);
    cg_hashtable_free(&table->by_id);
    cg_hashtable_free(&table->by_certificate);
    cg_hashtable_free(&table->by_key);
    cg_hashtable_free(&table->by_leaf);
}

uint64_t cg_digest_hash(const unsigned char *digest)
{
    uint64_t hash = 0;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

struct cg_entry *cg_table_add(struct cg_table *table, const char *id, const struct cg_request_facts *facts)
{
    struct cg_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    snprintf(entry->id, sizeof entry->id, "%s", id);
    entry->facts = *facts;
    cg_hashtable_add(&table->by_id, &entry->by_id, cg_id_hash(id));
    cg_hashtable_add(&table->by_certificate, &entry->by_certificate, cg_digest_hash(facts->certificate));
    cg_hashtable_add(&table->by_key, &entry->by_key, cg_digest_hash(facts->key));
    cg_queue_append(&table->entries, &entry->in_order);
    return entry;
}

/* The numbers of the table without this entry, or with it again. */
static void count(struct cg_table *table, const struct cg_entry *entry, int by)
{
    table->waiting += entry->state == CG_ENTRY_WAITING ? by : 0;
    table->unconfirmed += entry->state == CG_ENTRY_ISSUED && !entry->confirmed ? by : 0;
}

void cg_table_set(struct cg_table *table, struct cg_entry *entry, enum cg_entry_state state, struct cg_issued *issued)
{
    count(table, entry, -1);
    cg_hashtable_remove(&table->by_leaf, &entry->by_leaf);
    free(entry->issued);
    entry->state = state;
    entry->issued = issued;
    if (issued)
        cg_hashtable_add(&table->by_leaf, &entry->by_leaf, cg_digest_hash(issued->leaf));
    count(table, entry, 1);
}

void cg_table_confirm(struct cg_table *table, struct cg_entry *entry)
{
    count(table, entry, -1);
    entry->confirmed = true;
    count(table, entry, 1);
}

void cg_table_remove(struct cg_table *table, struct cg_entry *entry)
{
    cg_table_set(table, entry, CG_ENTRY_CHECKING, NULL);
    cg_hashtable_remove(&table->by_id, &entry->by_id);
    cg_hashtable_remove(&table->by_certificate, &entry->by_certificate);
    cg_hashtable_remove(&table->by_key, &entry->by_key);
    cg_queue_remove(&entry->in_order);
    free(entry);
}

struct cg_entry *cg_table_find(const struct cg_table *table, const char *id)
{
    for (struct cg_node *node = cg_hashtable_find(&table->by_id, cg_id_hash(id)); node; node = cg_node_next(node)) {
        struct cg_entry *entry = CG_OWNER(node, struct cg_entry, by_id);
        if (strcmp(entry->id, id) == 0)
            return entry;
    }
    return NULL;
}

struct cg_entry *cg_table_of_leaf(const struct cg_table *table, const unsigned char *digest)
{
    struct cg_node *node = cg_hashtable_find(&table->by_leaf, cg_digest_hash(digest));
    for (; node; node = cg_node_next(node)) {
        struct cg_entry *entry = CG_OWNER(node, struct cg_entry, by_leaf);
        if (memcmp(entry->issued->leaf, digest, CG_DIGEST_BYTES) == 0)
            return entry;
    }
    return NULL;
}

struct cg_entry *cg_table_of_key(const struct cg_table *table, const unsigned char *digest)
{
    struct cg_node *node = cg_hashtable_find(&table->by_key, cg_digest_hash(digest));
    for (; node; node = cg_node_next(node)) {
        struct cg_entry *entry = CG_OWNER(node, struct cg_entry, by_key);
        if (memcmp(entry->facts.key, digest, CG_DIGEST_BYTES) == 0)
            return entry;
    }
    return NULL;
}

static struct cg_entry *same_certificate(struct cg_node *node, const unsigned char *digest)
{
    for (; node; node = cg_node_next(node)) {
        struct cg_entry *entry = CG_OWNER(node, struct cg_entry, by_certificate);
        if (memcmp(entry->facts.certificate, digest, CG_DIGEST_BYTES) == 0)
            return entry;
    }
    return NULL;
}

struct cg_entry *cg_table_of_certificate(const struct cg_table *table, const unsigned char *digest)
{
    return same_certificate(cg_hashtable_find(&table->by_certificate, cg_digest_hash(digest)), digest);
}

struct cg_entry *cg_entry_next_of_certificate(const struct cg_entry *entry)
{
    return same_certificate(cg_node_next(&entry->by_certificate), entry->facts.certificate);
}

static struct cg_entry *entry_of(struct cg_queue_node *node)
{
    return node ? CG_OWNER(node, struct cg_entry, in_order) : NULL;
}

struct cg_entry *cg_table_first(const struct cg_table *table)
{
    return entry_of(table->entries.first);
}

struct cg_entry *cg_entry_next(const struct cg_entry *entry)
{
    return entry_of(entry->in_order.next);
}
