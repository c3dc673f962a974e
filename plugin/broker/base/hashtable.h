/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An intrusive hash table: its nodes are members of the stored objects, so adding never fails. If there is no memory to grow,
 * chains get longer. The caller owns the objects, computes the hashes (a cryptographic digest of anything that a peer
 * chooses) and compares the keys. Called by client_map.c. */
#ifndef CG_HASHTABLE_H
#define CG_HASHTABLE_H

#include "owner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_node {
    struct cg_node *next, **link; /* link: the pointer to this node in its chain; NULL: not in a table */
    uint64_t hash;
};

struct cg_hashtable {
    struct cg_node **chain;
    size_t nchains, count;
};

bool cg_hashtable_init(struct cg_hashtable *table); /* false: out of memory */
void cg_hashtable_free(struct cg_hashtable *table); /* does not access the nodes */

void cg_hashtable_add(struct cg_hashtable *table, struct cg_node *node, uint64_t hash);
void cg_hashtable_remove(struct cg_hashtable *table, struct cg_node *node); /* no effect if it is in no table */

/* The first and the next node with this hash; NULL: none. */
struct cg_node *cg_hashtable_find(const struct cg_hashtable *table, uint64_t hash);
struct cg_node *cg_node_next(const struct cg_node *node);

#endif
