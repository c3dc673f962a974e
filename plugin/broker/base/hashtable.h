/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A hash table whose nodes are members of what is stored: adding never fails. Without memory to grow, chains grow longer,
 * which is only slower. The caller owns what the nodes are members of, makes the hashes (of what a stranger chooses, by a
 * cryptographic digest), and compares the keys. Called by client_map.c. */
#ifndef CG_HASHTABLE_H
#define CG_HASHTABLE_H

#include "owner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_node {
    struct cg_node *next, **place; /* in its chain; place: what points here, NULL: not in a table */
    uint64_t hash;
};

struct cg_hashtable {
    struct cg_node **chain;
    size_t nchains, count;
};

bool cg_hashtable_init(struct cg_hashtable *table); /* false without memory */
void cg_hashtable_free(struct cg_hashtable *table); /* the nodes are not touched */

void cg_hashtable_add(struct cg_hashtable *table, struct cg_node *node, uint64_t hash);
void cg_hashtable_remove(struct cg_hashtable *table, struct cg_node *node); /* fine where it is in none */

/* The first node with this hash, and the next one; NULL: none. */
struct cg_node *cg_hashtable_find(const struct cg_hashtable *table, uint64_t hash);
struct cg_node *cg_node_next(const struct cg_node *node);

#endif
