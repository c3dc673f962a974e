/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A table on standard output, with columns as wide as their contents: measure every row, then print the head and every row.
 * On a terminal that is narrower than the table, the first cell of a row is on a separate line, and nothing is cut.
 * Cells are borrowed; untrusted text is escaped (print.h). Called by the verbs that list. */
#ifndef CG_TABLE_H
#define CG_TABLE_H

#include "print.h"

#define CG_TABLE_MAX 8

struct cg_table {
    const char *const *titles; /* NULL-terminated, at most CG_TABLE_MAX */
    int width[CG_TABLE_MAX];   /* in characters */
    bool is_stacked;
};

/* cells: one for each title. */
void cg_table_measure(struct cg_table *table, const char *const *cells);
void cg_table_head(struct cg_table *table);
void cg_table_row(const struct cg_table *table, const char *const *cells, size_t coloured, enum cg_colour colour);

#endif
