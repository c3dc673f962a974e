/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (CG_COUNTS_MAX * 2) /* a power of two; at least half empty */

static size_t slot_of(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a; collisions only cost time, the table is bounded */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return (size_t)(hash ^ (hash >> 32)) & (SLOTS - 1);
}

struct cg_count *cg_counts_add(struct cg_counts *counts, const char *name, double weight)
{
    if (!counts->row)
        counts->row = calloc(SLOTS, sizeof *counts->row);
    if (counts->row) {
        size_t i = slot_of(name);
        while (counts->row[i].name && strcmp(counts->row[i].name, name) != 0)
            i = (i + 1) & (SLOTS - 1);
        struct cg_count *row = &counts->row[i];
        if (!row->name && counts->used < CG_COUNTS_MAX && (row->name = strdup(name)))
            counts->used++;
        if (row->name) {
            row->count += weight;
            return row;
        }
    }
    counts->others += weight;
    return NULL;
}

void cg_counts_note(struct cg_count *row, const char *note)
{
    if (row->note && strcmp(row->note, note) == 0)
        return;
    free(row->note);
    row->note = *note ? strdup(note) : NULL;
}

static int larger_first(const void *a, const void *b)
{
    const struct cg_count *x = a, *y = b;
    if (!x->name || !y->name)
        return (x->name ? 0 : 1) - (y->name ? 0 : 1);
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->name, y->name);
}

void cg_counts_sort(struct cg_counts *counts)
{
    if (counts->row)
        qsort(counts->row, SLOTS, sizeof *counts->row, larger_first);
}

void cg_counts_free(struct cg_counts *counts)
{
    for (size_t i = 0; counts->row && i < SLOTS; i++) {
        free(counts->row[i].name);
        free(counts->row[i].note);
    }
    free(counts->row);
    *counts = (struct cg_counts){0};
}
