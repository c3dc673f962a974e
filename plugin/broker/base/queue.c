/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "queue.h"

void cg_queue_remove(struct cg_queue_node *node)
{
    struct cg_queue *queue = node->queue;
    if (!queue)
        return;
    *(node->previous ? &node->previous->next : &queue->first) = node->next;
    *(node->next ? &node->next->previous : &queue->last) = node->previous;
    node->previous = node->next = NULL;
    node->queue = NULL;
}

void cg_queue_append(struct cg_queue *queue, struct cg_queue_node *node)
{
    cg_queue_remove(node);
    node->queue = queue;
    node->previous = queue->last;
    *(node->previous ? &node->previous->next : &queue->first) = node;
    queue->last = node;
}
