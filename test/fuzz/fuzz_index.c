/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* index.txt from any source: a row or an error with a text. A row that was read can be written and read again unchanged. */
#include "fuzz.h"
#include "store/index.h"

#include <stdlib.h>
#include <string.h>

static void check_round_trip(const struct cg_index_row *row)
{
    struct cg_index index = {0};
    struct cg_index_row again;
    struct cg_error err = {""};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        abort();
    cg_index_print(out, row);
    if (fclose(out) != 0 || !cg_index_of_text(&index, text, len, &err))
        abort();
    if (!cg_index_next(&index, &again, &err) || again.status != row->status || strcmp(again.serial, row->serial) != 0 ||
        strcmp(again.file, row->file) != 0 || strcmp(again.subject, row->subject) != 0)
        abort();
    /* two-digit years are from 1950 to 2049 */
    if (row->expires >= 0 && row->expires < INT64_C(253402300800) && again.expires != row->expires)
        abort();
    cg_index_free(&index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cg_index index = {0};
    struct cg_index_row row;
    struct cg_error err = {""};
    char name[CG_NAME_MAX + 1];
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    if (!cg_index_of_text(&index, text, size, &err))
        abort();
    while (cg_index_next(&index, &row, &err)) {
        cg_index_row_name(&row, name);
        if (memchr(row.line, '\n', row.len))
            abort();
        check_round_trip(&row);
    }
    if (index.at < index.len && !err.text[0])
        abort();
    cg_index_free(&index);
    return 0;
}
