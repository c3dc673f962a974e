/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Numbers with a unit, as text: "90d", "64KiB". A table of units is constant, in ascending order, and ends with a
 * NULL text. Called by the policy parser and the tool. */
#ifndef CG_QUANTITY_H
#define CG_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

struct cg_unit {
    const char *text;
    int64_t value; /* in the smallest unit */
};

extern const struct cg_unit cg_units_seconds[];      /* s, m, h, d, w */
extern const struct cg_unit cg_units_milliseconds[]; /* ms, s, m, h */
extern const struct cg_unit cg_units_bytes[];        /* B, KiB, MiB, GiB */

/* Digits, then one of units, nothing else. False if the text has another form or is not from min to max; *out is then
 * unchanged. */
bool cg_quantity_read(const char *text, const struct cg_unit *units, int64_t min, int64_t max, int64_t *out);

/* The largest unit of which value is a whole number; the smallest one for 0. */
const struct cg_unit *cg_quantity_unit(const struct cg_unit *units, int64_t value);

#endif
