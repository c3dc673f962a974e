/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A set of serial numbers, kept as 64-bit hashes of the whole number. The caller owns it. Called by batches, for the numbers
 * in use, and by the comparisons of index, journal and CRL. */
#ifndef CG_CA_SERIALS_H
#define CG_CA_SERIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cg_serials {
    uint64_t *slot; /* open addressing; 0 is empty */
    size_t size, count;
};

bool cg_serials_add(struct cg_serials *set, const char *hex); /* false: out of memory */
bool cg_serials_has(const struct cg_serials *set, const char *hex);
void cg_serials_free(struct cg_serials *set);

/* Serial numbers that are known as issued, as revoked, and as revoked because their key is compromised. */
struct cg_known {
    struct cg_serials issued, revoked, compromised;
};
const struct cg_serials *cg_known_as(const struct cg_known *known, bool revoked, bool compromised);
void cg_known_free(struct cg_known *known);

#endif
