/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Counts by name in bounded memory: names beyond the limit are counted together as "others".
 * The table owns its names. Called by the verbs log and report. */
#ifndef CG_LOG_STATS_H
#define CG_LOG_STATS_H

#include "core/base/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CG_COUNTS_MAX 16384

struct cg_count {
    char *name;
    double count;
    int64_t last_ms; /* time of the last event, which sets the following members */
    char *note;      /* cg_counts_note; NULL: none */
    char reason[48];
    enum cg_cert_owner cert_owner; /* of the certificate that caused the reason */
    char end[32];                  /* of a certificate: notAfter */
};

struct cg_counts {
    struct cg_count *row; /* a hash table until sorted */
    size_t used;
    double others;
};

/* Adds weight to the row of the name and returns it; NULL if the table is full or out of memory: counted as others. */
struct cg_count *cg_counts_add(struct cg_counts *counts, const char *name, double weight);

/* Sets the text of the row, a copy; "" for none. */
void cg_counts_note(struct cg_count *row, const char *note);

/* By count, largest first: row[0] to row[used - 1]. Nothing can be added afterwards. */
void cg_counts_sort(struct cg_counts *counts);
void cg_counts_free(struct cg_counts *counts);

#endif
