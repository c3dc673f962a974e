/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Remembers how much was said about what, by SHA-256 fingerprint, so that nothing is said twice. Bounded: when it is
 * full it starts anew, and some things are said once more. Owned by its user; no locks. Called by warn.c and devices.c. */
#ifndef CG_TOLD_H
#define CG_TOLD_H

#include <stdbool.h>

struct cg_told;

struct cg_told *cg_told_new(void); /* NULL without memory */
void cg_told_free(struct cg_told *told);

/* True when less than this level (1 and up) was told of it before, and remembers the level. */
bool cg_told_raise(struct cg_told *told, const unsigned char fingerprint[32], unsigned level);

/* Was anything told of it? Remembers nothing. */
bool cg_told_has(const struct cg_told *told, const unsigned char fingerprint[32]);

#endif
