/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "table.h"

#include <unistd.h>

#define GAP    2
#define INDENT "  "

void cg_table_measure(struct cg_table *table, const char *const *cells)
{
    for (size_t i = 0; table->titles[i]; i++) {
        const int width = cg_shown_width(cells[i]);
        table->width[i] = width > table->width[i] ? width : table->width[i];
    }
}

/* Escapes once: a long table has many cells. */
static void put(const char *text, int width, const char *colour)
{
    char shown[CG_SHOWN_MAX];
    const int pad = width - cg_shown_width(text);
    fputs(colour, stdout);
    fputs(cg_shown(text, shown), stdout);
    if (*colour)
        fputs(cg_colour(STDOUT_FILENO, CG_PLAIN), stdout);
    for (int i = 0; i < pad; i++)
        putchar(' ');
}

static void print_line(const struct cg_table *table, const char *const *cells, size_t coloured, enum cg_colour colour)
{
    const char *sequence = cg_colour(STDOUT_FILENO, colour);
    size_t last = 0;
    for (size_t i = 0; table->titles[i]; i++)
        last = *cells[i] ? i : last;
    for (size_t i = 0; i <= last; i++) {
        const bool breaks = i == 0 && table->is_stacked && last;
        put(cells[i], i < last && !breaks ? table->width[i] + GAP : 0, i == coloured ? sequence : "");
        if (breaks)
            fputs("\n" INDENT, stdout);
    }
    putchar('\n');
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
