/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Certificates by subject (compared as in RFC 5280 7.1): O(1) for any number of them. The index owns its entries and
 * borrows the certificates. Called by trust. */
#ifndef CG_TRUST_INDEX_H
#define CG_TRUST_INDEX_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

struct cg_trust_entry {
    X509 *cert; /* borrowed */
    bool anchor;
    unsigned long hash;
    const struct cg_trust_entry *next; /* in its bucket; use cg_trust_next */
};

struct cg_trust_index {
    struct cg_trust_entry **buckets; /* by hash of the subject */
    size_t nbuckets, count;
};

bool cg_trust_index_init(struct cg_trust_index *index);                         /* false without memory */
void cg_trust_index_clear(struct cg_trust_index *index);                        /* also after a failed init */
bool cg_trust_index_add(struct cg_trust_index *index, X509 *cert, bool anchor); /* false without memory */

const struct cg_trust_entry *cg_trust_index_find(const struct cg_trust_index *index, const X509_NAME *subject);
const struct cg_trust_entry *
cg_trust_next(const struct cg_trust_entry *entry); /* the next one with the same subject; NULL if there is none */

#endif
