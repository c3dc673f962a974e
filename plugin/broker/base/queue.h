/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A queue that can be left from any place, whose nodes are members of what is stored: nothing here needs memory. A node is
 * in one queue at a time, or in none. The caller owns what the nodes are members of. Called by client_map.c and
 * session_enforcement.c. */
#ifndef CG_QUEUE_H
#define CG_QUEUE_H

#include "owner.h"

struct cg_queue_node {
    struct cg_queue_node *before, *after;
    struct cg_queue *queue; /* NULL: in none */
};

struct cg_queue {
    struct cg_queue_node *first, *last;
};

void cg_queue_append(struct cg_queue *queue, struct cg_queue_node *node); /* takes it out of the one that it is in */
void cg_queue_remove(struct cg_queue_node *node);                         /* fine where it is in none */

#endif
