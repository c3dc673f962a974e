/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The worker's list of the requests whose files are in the spool, by ID. Owned by the worker; no locks. */
#ifndef CG_RENEWAL_INDEX_H
#define CG_RENEWAL_INDEX_H

#include "broker/base/hashtable.h"
#include "broker/base/queue.h"
#include "spool.h"
#include "work.h"

#define CG_SPOOL_REQUESTS_MAX 10000
#define CG_SPOOL_BYTES_MAX    ((size_t)64 << 20)

struct cg_item {
    struct cg_node by_id;
    struct cg_queue_node in_order, to_read;
    char id[CG_RENEWAL_ID_MAX];
    struct cg_request_facts facts;
    int64_t ends;    /* of the session's certificate, s */
    int64_t over_ms; /* monotonic: the sweep found it over; 0: it is not */
    size_t bytes;    /* of its files */
    uint16_t port;
    bool done;                    /* ID.done is there */
    int64_t confirmed;            /* s, with done */
    bool own_answer;              /* ID.answer is there */
    bool bad;                     /* its answer cannot be used now */
    bool seen;                    /* by the scan that is running */
    struct cg_spool_state answer; /* answers/ID.json as it was read; zero: there was none */
};

struct cg_request_index {
    struct cg_hashtable table;
    struct cg_queue items;
    size_t bytes;
};

bool cg_request_index_init(struct cg_request_index *index); /* false: out of memory */
void cg_request_index_clear(struct cg_request_index *index);
void cg_request_index_free(struct cg_request_index *index);

struct cg_item *cg_request_index_find(const struct cg_request_index *index, const char *id);

/* item: zeroed, malloc'ed, with id and facts; the index takes it over. */
void cg_request_index_add(struct cg_request_index *index, struct cg_item *item);
void cg_request_index_remove(struct cg_request_index *index, struct cg_item *item);
void cg_request_index_count_bytes(struct cg_request_index *index, struct cg_item *item,
                                  size_t bytes); /* more of them */

bool cg_request_index_is_full(const struct cg_request_index *index, size_t more);

struct cg_item *cg_request_index_first(const struct cg_request_index *index);
struct cg_item *cg_item_next(const struct cg_item *item);

/* The hash of a valid ID. */
uint64_t cg_id_hash(const char *id);

#endif
