/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Remembers how much was said about what, by SHA-256 fingerprint, so that nothing is said twice. Bounded: when it is
 * full it starts anew, and some things are said once more. Owned by its user; no locks. Called by expiry_monitor.c and devices.c. */
#ifndef CG_WARNING_CACHE_H
#define CG_WARNING_CACHE_H

#include <stdbool.h>

struct cg_warning_cache;

struct cg_warning_cache *cg_warning_cache_new(void); /* NULL without memory */
void cg_warning_cache_free(struct cg_warning_cache *told);

/* True when less than this level (1 and up) was told of it before, and remembers the level. */
bool cg_warning_cache_raise(struct cg_warning_cache *told, const unsigned char fingerprint[32], unsigned level);

/* Was anything told of it? Remembers nothing. */
bool cg_warning_cache_has(const struct cg_warning_cache *told, const unsigned char fingerprint[32]);

#endif
