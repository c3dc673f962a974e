/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "limits.h"

#include "table.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    int64_t burst, every_ms;
} rows[CG_LIMITS] = {
    [CG_LIMIT_REQUESTS] = {3, 60000},
    [CG_LIMIT_QUESTIONS] = {16, 1000},
};

struct asker {
    struct cg_node by_certificate;
    struct cg_queue_node in_order;
    unsigned char certificate[CG_DIGEST_BYTES];
    int64_t free_at_ms[CG_LIMITS]; /* when everything may be asked again: each question moves it by every_ms */
};

bool cg_ask_limits_init(struct cg_ask_limits *limits)
{
    memset(limits, 0, sizeof *limits);
    return cg_hashtable_init(&limits->table);
}

static void remove_first(struct cg_ask_limits *limits)
{
    struct asker *asker = CG_OWNER(limits->order.first, struct asker, in_order);
    cg_hashtable_remove(&limits->table, &asker->by_certificate);
    cg_queue_remove(&asker->in_order);
    free(asker);
}

void cg_ask_limits_free(struct cg_ask_limits *limits)
{
    while (limits->order.first)
        remove_first(limits);
    cg_hashtable_free(&limits->table);
}

static struct asker *find(const struct cg_ask_limits *limits, const unsigned char *certificate)
{
    struct cg_node *node = cg_hashtable_find(&limits->table, cg_digest_hash(certificate));
    for (; node; node = cg_node_next(node)) {
        struct asker *asker = CG_OWNER(node, struct asker, by_certificate);
        if (memcmp(asker->certificate, certificate, CG_DIGEST_BYTES) == 0)
            return asker;
    }
    return NULL;
}

static struct asker *add(struct cg_ask_limits *limits, const unsigned char *certificate)
{
    struct asker *asker = calloc(1, sizeof *asker);
    if (!asker)
        return NULL;
    if (limits->table.count >= CG_LIMITS_CERTIFICATES)
        remove_first(limits);
    memcpy(asker->certificate, certificate, CG_DIGEST_BYTES);
    cg_hashtable_add(&limits->table, &asker->by_certificate, cg_digest_hash(certificate));
    return asker;
}

int64_t cg_ask_limits_wait(struct cg_ask_limits *limits, const unsigned char *certificate, enum cg_limit limit,
                           int64_t now_ms)
{
    int64_t every_ms = rows[limit].every_ms;
    struct asker *asker = find(limits, certificate);
    if (!asker && !(asker = add(limits, certificate)))
        return every_ms;
    cg_queue_append(&limits->order, &asker->in_order);
    int64_t *free_at_ms = &asker->free_at_ms[limit];
    if (*free_at_ms < now_ms)
        *free_at_ms = now_ms;
    int64_t wait_ms = *free_at_ms + every_ms - (now_ms + rows[limit].burst * every_ms);
    if (wait_ms > 0)
        return wait_ms;
    *free_at_ms += every_ms;
    return 0;
}
