/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The requests that the main thread knows: found by ID, by the certificate that asked, by the new certificate, and by the new key.
 * Filled by the worker's news, so it is bounded as the spool is. The table owns the entries. Main thread only. */
#ifndef CG_RENEWAL_TABLE_H
#define CG_RENEWAL_TABLE_H

#include "broker/base/hashtable.h"
#include "broker/base/queue.h"
#include "work.h"

enum cg_entry_state {
    CG_ENTRY_CHECKING = 0, /* at the worker: nothing is kept yet */
    CG_ENTRY_WAITING,
    CG_ENTRY_ISSUED,
    CG_ENTRY_REFUSED, /* by the CA */
};

struct cg_entry {
    struct cg_node by_id, by_certificate, by_key, by_leaf;
    struct cg_queue_node in_order;
    enum cg_entry_state state;
    char id[CG_RENEWAL_ID_MAX];
    struct cg_request_facts facts;
    struct cg_issued *issued;  /* with CG_ENTRY_ISSUED */
    struct cg_refusal refusal; /* with CG_ENTRY_REFUSED */
    uint16_t port;             /* of the listener for which the worker checks the answer */
    uint64_t asked_by;         /* number of the connection that waits for the worker; 0: none */
    uint64_t delivered;        /* counts deliveries: the last one of a certificate has its chain */
    bool rechecking;           /* the worker looks for its answer */
    bool confirming, confirmed;
};

struct cg_table {
    struct cg_hashtable by_id, by_certificate, by_key, by_leaf;
    struct cg_queue entries;
    int64_t waiting;     /* CG_ENTRY_WAITING */
    int64_t unconfirmed; /* CG_ENTRY_ISSUED, and not confirmed */
};

bool cg_table_init(struct cg_table *table); /* false: out of memory */
void cg_table_free(struct cg_table *table);

/* Adds an entry in CG_ENTRY_CHECKING. NULL: out of memory. */
struct cg_entry *cg_table_add(struct cg_table *table, const char *id, const struct cg_request_facts *facts);
void cg_table_remove(struct cg_table *table, struct cg_entry *entry);

/* Replaces the state. issued: taken over, only with CG_ENTRY_ISSUED. */
void cg_table_set(struct cg_table *table, struct cg_entry *entry, enum cg_entry_state state, struct cg_issued *issued);
void cg_table_confirm(struct cg_table *table, struct cg_entry *entry);

struct cg_entry *cg_table_find(const struct cg_table *table, const char *id);
struct cg_entry *cg_table_of_leaf(const struct cg_table *table, const unsigned char *digest); /* the new certificate */
struct cg_entry *cg_table_of_key(const struct cg_table *table, const unsigned char *digest);

/* The first and next one of a certificate; NULL: none. */
struct cg_entry *cg_table_of_certificate(const struct cg_table *table, const unsigned char *digest);
struct cg_entry *cg_entry_next_of_certificate(const struct cg_entry *entry);

struct cg_entry *cg_table_first(const struct cg_table *table);
struct cg_entry *cg_entry_next(const struct cg_entry *entry);

/* The hash of a digest. */
uint64_t cg_digest_hash(const unsigned char *digest);

#endif
