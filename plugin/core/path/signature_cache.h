/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Remembers verified signatures: whether a certificate was signed by the key of another one never changes, so that a
 * device that connects again costs no signature verification. Only the signature is remembered. Dates, revocation, names,
 * purposes and everything else are checked each time.
 *
 * An entry is SHA-256 over the SHA-256 digests of both certificates, so it is valid for exactly these octets: another
 * issuer of the same name or a changed bit has another entry. Whether the issuer is an anchor is not part of it.
 * Entries come only from paths to an anchor that OpenSSL found no fault with and whose CAs the policy accepts (check.c), even
 * if it refuses the client: certificates that a peer made itself neither enter nor evict anything. Bounded: the entry that
 * was used least recently in its set makes room.
 *
 * Owned by the plugin, which lends it to the check. Any thread. */
#ifndef CG_SIGNATURE_CACHE_H
#define CG_SIGNATURE_CACHE_H

#include "core/base/openssl_const.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_SIGNATURE_CACHE_BYTES ((size_t)2 << 20) /* 65,536 entries */

struct cg_signature_cache;

struct cg_signature_counts {
    uint64_t hits, misses; /* look-ups */
    size_t entries;
};

/* bytes: of the entries, rounded down to a power of two, at least one set. NULL: out of memory. */
struct cg_signature_cache *cg_signature_cache_new(size_t bytes);
void cg_signature_cache_free(struct cg_signature_cache *cache); /* NULL is fine */

/* Whether this signature was verified. False without a cache, or if memory ran out. */
bool cg_signature_cache_has(struct cg_signature_cache *cache, CG_OPENSSL4_CONST X509 *subject,
                            CG_OPENSSL4_CONST X509 *issuer);

/* Adds each link of a path whose signatures were all verified, end entity first, anchor last, if its issuer's key usage
 * allows it (keyCertSign), which OpenSSL checks along with the signature. No effect without a cache, or if memory ran
 * out. */
void cg_signature_cache_add(struct cg_signature_cache *cache, const STACK_OF(X509) *path);

void cg_signature_cache_count(struct cg_signature_cache *cache, struct cg_signature_counts *counts);

#endif
