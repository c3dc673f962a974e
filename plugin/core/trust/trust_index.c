/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "trust_index.h"

#include <stdlib.h>

#define FIRST_BUCKETS 64

bool cg_trust_index_init(struct cg_trust_index *index)
{
    index->buckets = calloc(FIRST_BUCKETS, sizeof(struct cg_trust_entry *));
    index->nbuckets = FIRST_BUCKETS;
    index->count = 0;
    return index->buckets != NULL;
}

static struct cg_trust_entry *entry_after(const struct cg_trust_entry *entry)
{
    union {
        const struct cg_trust_entry *in;
        struct cg_trust_entry *out;
    } next = {entry->next};
    return next.out;
}

void cg_trust_index_clear(struct cg_trust_index *index)
{
    for (size_t i = 0; index->buckets && i < index->nbuckets; i++) {
        while (index->buckets[i]) {
            struct cg_trust_entry *next = entry_after(index->buckets[i]);
            free(index->buckets[i]);
            index->buckets[i] = next;
        }
    }
    free(index->buckets);
    index->buckets = NULL;
}

static unsigned long subject_hash(const X509_NAME *subject)
{
    int ok = 0;
    unsigned long hash = X509_NAME_hash_ex(subject, NULL, NULL, &ok);
    return ok ? hash : 0; /* without a digest: one bucket, slow but correct */
}

static const struct cg_trust_entry *matching(const struct cg_trust_entry *entry, unsigned long hash,
                                             const X509_NAME *subject)
{
    while (entry && (entry->hash != hash || X509_NAME_cmp(X509_get_subject_name(entry->cert), subject) != 0))
        entry = entry->next;
    return entry;
}

const struct cg_trust_entry *cg_trust_index_find(const struct cg_trust_index *index, const X509_NAME *subject)
{
    unsigned long hash = subject_hash(subject);
    return matching(index->buckets[hash % index->nbuckets], hash, subject);
}

const struct cg_trust_entry *cg_trust_next(const struct cg_trust_entry *entry)
{
    return matching(entry->next, entry->hash, X509_get_subject_name(entry->cert));
}

static bool grow(struct cg_trust_index *index)
{
    size_t count = index->nbuckets * 2;
    struct cg_trust_entry **buckets = calloc(count, sizeof(struct cg_trust_entry *));
    if (!buckets)
        return false;
    for (size_t i = 0; i < index->nbuckets; i++) {
        for (struct cg_trust_entry *entry = index->buckets[i], *next = NULL; entry; entry = next) {
            next = entry_after(entry);
            entry->next = buckets[entry->hash % count];
            buckets[entry->hash % count] = entry;
        }
    }
    free(index->buckets);
    index->buckets = buckets;
    index->nbuckets = count;
    return true;
}

bool cg_trust_index_add(struct cg_trust_index *index, X509 *cert, bool anchor)
{
    if (index->count >= index->nbuckets && !grow(index))
        return false;
    struct cg_trust_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return false;
    entry->cert = cert;
    entry->anchor = anchor;
    entry->hash = subject_hash(X509_get_subject_name(cert));
    entry->next = index->buckets[entry->hash % index->nbuckets];
    index->buckets[entry->hash % index->nbuckets] = entry;
    index->count++;
    return true;
}
