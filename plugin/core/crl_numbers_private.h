/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The rows of the table of CRL numbers. Private to crl_numbers.c and crl_numbers_text.c. */
#ifndef CG_CRL_NUMBERS_PRIVATE_H
#define CG_CRL_NUMBERS_PRIVATE_H

#include "crl_numbers.h"

#define CG_NUMBERS_DIGEST 32

/* One scope: the key that signs, then the issuer's name and the scope. */
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

/* Keeps the higher one of a scope. False without memory. */
bool cg_numbers_put(struct cg_crl_numbers *numbers, const struct cg_numbers_row *row);

#endif
