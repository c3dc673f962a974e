/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An intrusive queue: its nodes are members of the stored objects, so nothing here allocates. A node is in at most one queue
 * and can be removed from any position. The caller owns the objects. Called by client_map.c and session_enforcement.c. */
#ifndef CG_QUEUE_H
#define CG_QUEUE_H

#include "owner.h"

struct cg_queue_node {
    struct cg_queue_node *previous, *next;
    struct cg_queue *queue; /* NULL: in none */
};

struct cg_queue {
    struct cg_queue_node *first, *last;
};

void cg_queue_append(struct cg_queue *queue, struct cg_queue_node *node); /* removes it from its current queue */
void cg_queue_remove(struct cg_queue_node *node);                         /* no effect if it is in no queue */

#endif
