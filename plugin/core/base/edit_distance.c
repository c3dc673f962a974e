/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "edit_distance.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t cg_edit_distance(const char *a, const char *b)
{
    size_t row[32];
    size_t len = strlen(b);
    if (len >= sizeof row / sizeof *row || strlen(a) >= sizeof row / sizeof *row)
        return SIZE_MAX;
    for (size_t k = 0; k <= len; k++)
        row[k] = k;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= len; k++) {
            size_t above = row[k];
            row[k] = least(least(row[k] + 1, row[k - 1] + 1), diagonal + (*a != b[k - 1]));
            diagonal = above;
        }
    }
    return row[len];
}

size_t cg_edit_distance_limit(const char *word)
{
    return 1 + strlen(word) / 4;
}
