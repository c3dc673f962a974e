/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The table of CRL numbers: the highest that was ever in use for each issuer, key and scope. The caller owns it.
 * Filled by crl_numbers.c and crl_numbers_format.c. */
#ifndef CG_CRL_NUMBERS_TABLE_H
#define CG_CRL_NUMBERS_TABLE_H

#include "crl_index.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_CRL_NUMBERS_LINES 16384 /* in the file. If there are more, the oldest rows of CRLs not in use are removed */

#define CG_NUMBERS_DIGEST 32

/* One scope. The id is a digest of the signing key, then one of the issuer's name and the scope. */
struct cg_numbers_row {
    unsigned char id[2 * CG_NUMBERS_DIGEST];
    bool has_number, in_use;
    unsigned char number[CG_SERIAL_MAX];
    int64_t this_update;
    char issuer[256]; /* for people */
};

struct cg_crl_numbers {
    struct cg_numbers_row *row; /* sorted by id */
    size_t count, room;
};

struct cg_crl_numbers *cg_crl_numbers_new(void); /* NULL without memory */
void cg_crl_numbers_free(struct cg_crl_numbers *numbers);
size_t cg_crl_numbers_count(const struct cg_crl_numbers *numbers);

/* Each scope keeps the higher number. False without memory: some rows are then missing. */
bool cg_numbers_put(struct cg_crl_numbers *numbers, const struct cg_numbers_row *row);
bool cg_crl_numbers_merge(struct cg_crl_numbers *numbers, const struct cg_crl_numbers *other);

/* The row of an id, and the first row of a key (the first half of an id); NULL if there is none. Borrowed until the
 * next put or trim. */
const struct cg_numbers_row *cg_numbers_find(const struct cg_crl_numbers *numbers, const unsigned char *id);
const struct cg_numbers_row *cg_numbers_find_key(const struct cg_crl_numbers *numbers, const unsigned char *key);

/* Marks all rows as not in use. */
void cg_crl_numbers_clear_in_use(struct cg_crl_numbers *numbers);

/* Removes rows until CG_CRL_NUMBERS_LINES are left, but never a row of a CRL in use. */
void cg_crl_numbers_trim(struct cg_crl_numbers *numbers);

#endif
