/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The warnings already given, by SHA-256 fingerprint and level, so that none is repeated. Bounded: a full cache is cleared,
 * and some warnings are then repeated. Owned by its caller; no locks. Called by expiry_monitor.c and devices.c. */
#ifndef CG_WARNING_CACHE_H
#define CG_WARNING_CACHE_H

#include <stdbool.h>

struct cg_warning_cache;

struct cg_warning_cache *cg_warning_cache_new(void); /* NULL: out of memory */
void cg_warning_cache_free(struct cg_warning_cache *cache);

/* Stores level (1 and up) for the fingerprint. False: this level or a higher one is stored already. */
bool cg_warning_cache_raise(struct cg_warning_cache *cache, const unsigned char fingerprint[32], unsigned level);

/* Whether a level is stored for the fingerprint. */
bool cg_warning_cache_has(const struct cg_warning_cache *cache, const unsigned char fingerprint[32]);

#endif
