/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "table.h"

#include <unistd.h>

#define GAP 2

void cg_table_measure(struct cg_table *table, const char *const *cells)
{
    for (size_t i = 0; table->titles[i]; i++) {
        const int width = cg_shown_width(cells[i]);
        table->width[i] = width > table->width[i] ? width : table->width[i];
    }
}

static void print_line(const struct cg_table *table, const char *const *cells, size_t coloured, enum cg_colour colour)
{
    size_t last = 0;
    for (size_t i = 0; table->titles[i]; i++)
        last = *cells[i] ? i : last;
    for (size_t i = 0; i <= last; i++) {
        const int pad = table->width[i] - cg_shown_width(cells[i]) + GAP;
        if (i == coloured)
            cg_print_in(stdout, colour, "%s", cells[i]);
        else
            cg_print(stdout, "%s", cells[i]);
        if (i == 0 && table->is_stacked && last)
            cg_print(stdout, "\n%*s", GAP, "");
        else if (i < last)
            cg_print(stdout, "%*s", pad, "");
    }
    cg_print(stdout, "\n");
}

void cg_table_head(struct cg_table *table)
{
    int total = -GAP;
    cg_table_measure(table, table->titles);
    for (size_t i = 0; table->titles[i]; i++)
        total += table->width[i] + (table->width[i] ? GAP : 0);
    const int columns = cg_tty_columns(STDOUT_FILENO);
    table->is_stacked = columns && total > columns;
    print_line(table, table->titles, 0, CG_BOLD);
}

void cg_table_row(const struct cg_table *table, const char *const *cells, size_t coloured, enum cg_colour colour)
{
    print_line(table, cells, coloured, colour);
}
