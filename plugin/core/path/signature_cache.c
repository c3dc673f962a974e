/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "signature_cache.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8 /* entries in a set */

/* The most recently used one comes first. An unused one is zero, which is the digest of nothing that anyone can find. */
struct set {
    unsigned char entry[WAYS][SHA256_DIGEST_LENGTH];
};

struct cg_signature_cache {
    EVP_MD *sha256;
    pthread_mutex_t lock; /* of the members below */
    struct set *set;
    size_t sets; /* a power of two */
    struct cg_signature_counts counts;
};

static size_t sets_of(size_t bytes)
{
    size_t sets = 1;
    while (sets * 2 <= bytes / sizeof(struct set))
        sets *= 2;
    return sets;
}

struct cg_signature_cache *cg_signature_cache_new(size_t bytes)
{
    struct cg_signature_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->sets = sets_of(bytes);
    cache->set = calloc(cache->sets, sizeof *cache->set);
    cache->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (cache->set && cache->sha256 && pthread_mutex_init(&cache->lock, NULL) == 0)
        return cache;
    EVP_MD_free(cache->sha256);
    free(cache->set);
    free(cache);
    return NULL;
}

void cg_signature_cache_free(struct cg_signature_cache *cache)
{
    if (!cache)
        return;
    pthread_mutex_destroy(&cache->lock);
    EVP_MD_free(cache->sha256);
    free(cache->set);
    free(cache);
}

static bool digest_link(const struct cg_signature_cache *cache, const X509 *subject, const X509 *issuer,
                        unsigned char out[SHA256_DIGEST_LENGTH])
{
    unsigned char both[2 * SHA256_DIGEST_LENGTH];
    return X509_digest(subject, cache->sha256, both, NULL) &&
           X509_digest(issuer, cache->sha256, both + SHA256_DIGEST_LENGTH, NULL) &&
           EVP_Digest(both, sizeof both, out, NULL, cache->sha256, NULL);
}

static struct set *set_of(const struct cg_signature_cache *cache, const unsigned char *digest)
{
    uint32_t number = 0;
    memcpy(&number, digest, sizeof number);
    return &cache->set[number & (cache->sets - 1)];
}

/* The place of the digest in its set, or WAYS. */
static size_t find(const struct set *set, const unsigned char *digest)
{
    size_t i = 0;
    while (i < WAYS && memcmp(set->entry[i], digest, SHA256_DIGEST_LENGTH) != 0)
        i++;
    return i;
}

/* Puts the digest first; the entries before place, or all but the last, move back by one. */
static void put_first(struct set *set, size_t place, const unsigned char *digest)
{
    memmove(set->entry[1], set->entry[0], (place < WAYS ? place : WAYS - 1) * SHA256_DIGEST_LENGTH);
    memcpy(set->entry[0], digest, SHA256_DIGEST_LENGTH);
}

bool cg_signature_cache_has(struct cg_signature_cache *cache, CG_OPENSSL4_CONST X509 *subject,
                            CG_OPENSSL4_CONST X509 *issuer)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (!cache || !digest_link(cache, subject, issuer, digest))
        return false;
    pthread_mutex_lock(&cache->lock);
    struct set *set = set_of(cache, digest);
    const size_t place = find(set, digest);
    if (place < WAYS)
        put_first(set, place, digest);
    cache->counts.hits += place < WAYS;
    cache->counts.misses += place == WAYS;
    pthread_mutex_unlock(&cache->lock);
    return place < WAYS;
}

static void add(struct cg_signature_cache *cache, const unsigned char *digest)
{
    static const unsigned char unused[SHA256_DIGEST_LENGTH];
    pthread_mutex_lock(&cache->lock);
    struct set *set = set_of(cache, digest);
    const size_t place = find(set, digest);
    cache->counts.entries += place == WAYS && memcmp(set->entry[WAYS - 1], unused, sizeof unused) == 0;
    put_first(set, place, digest);
    pthread_mutex_unlock(&cache->lock);
}

void cg_signature_cache_add(struct cg_signature_cache *cache, const STACK_OF(X509) *path)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    for (int i = 0; cache && i + 1 < sk_X509_num(path); i++) {
        X509 *subject = sk_X509_value(path, i), *issuer = sk_X509_value(path, i + 1);
        if (X509_check_issued(issuer, subject) == X509_V_OK && digest_link(cache, subject, issuer, digest))
            add(cache, digest);
    }
}

void cg_signature_cache_count(struct cg_signature_cache *cache, struct cg_signature_counts *counts)
{
    pthread_mutex_lock(&cache->lock);
    *counts = cache->counts;
    pthread_mutex_unlock(&cache->lock);
}
