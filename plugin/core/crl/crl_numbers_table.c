/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_numbers_table.h"

#include "loaded_crl.h"

#include <stdlib.h>
#include <string.h>

struct cg_crl_numbers *cg_crl_numbers_new(void)
{
    return calloc(1, sizeof(struct cg_crl_numbers));
}

void cg_crl_numbers_free(struct cg_crl_numbers *numbers)
{
    if (numbers)
        free(numbers->row);
    free(numbers);
}

size_t cg_crl_numbers_count(const struct cg_crl_numbers *numbers)
{
    return numbers ? numbers->count : 0;
}

/* The position of the first id that is not less than this prefix. */
static size_t place_of(const struct cg_crl_numbers *numbers, const unsigned char *id, size_t len)
{
    size_t low = 0, high = numbers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(numbers->row[middle].id, id, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct cg_numbers_row *find(const struct cg_crl_numbers *numbers, const unsigned char *id, size_t len)
{
    size_t at = place_of(numbers, id, len);
    bool found = at < numbers->count && memcmp(numbers->row[at].id, id, len) == 0;
    return found ? &numbers->row[at] : NULL;
}

const struct cg_numbers_row *cg_numbers_find(const struct cg_crl_numbers *numbers, const unsigned char *id)
{
    return find(numbers, id, sizeof numbers->row->id);
}

const struct cg_numbers_row *cg_numbers_find_key(const struct cg_crl_numbers *numbers, const unsigned char *key)
{
    return find(numbers, key, CG_NUMBERS_DIGEST);
}

static int order(const struct cg_numbers_row *a, const struct cg_numbers_row *b)
{
    return cg_crl_compare_age(a->has_number ? a->number : NULL, a->this_update, b->has_number ? b->number : NULL,
                              b->this_update);
}

bool cg_numbers_put(struct cg_crl_numbers *numbers, const struct cg_numbers_row *row)
{
    struct cg_numbers_row *held = find(numbers, row->id, sizeof row->id);
    if (held) {
        bool in_use = held->in_use || row->in_use;
        if (order(held, row) < 0)
            *held = *row;
        held->in_use = in_use;
        return true;
    }
    if (numbers->count == numbers->room) {
        size_t room = numbers->room ? 2 * numbers->room : 16;
        struct cg_numbers_row *grown = realloc(numbers->row, room * sizeof *grown);
        if (!grown)
            return false;
        numbers->row = grown;
        numbers->room = room;
    }
    size_t at = place_of(numbers, row->id, sizeof row->id);
    memmove(&numbers->row[at + 1], &numbers->row[at], (numbers->count - at) * sizeof *row);
    numbers->row[at] = *row;
    numbers->count++;
    return true;
}

bool cg_crl_numbers_merge(struct cg_crl_numbers *numbers, const struct cg_crl_numbers *other)
{
    for (size_t i = 0; i < cg_crl_numbers_count(other); i++) {
        if (!cg_numbers_put(numbers, &other->row[i]))
            return false;
    }
    return true;
}

void cg_crl_numbers_clear_in_use(struct cg_crl_numbers *numbers)
{
    for (size_t i = 0; i < numbers->count; i++)
        numbers->row[i].in_use = false;
}

void cg_crl_numbers_trim(struct cg_crl_numbers *numbers)
{
    while (numbers->count > CG_CRL_NUMBERS_LINES) {
        struct cg_numbers_row *oldest = NULL;
        for (size_t i = 0; i < numbers->count; i++)
            if (!numbers->row[i].in_use && (!oldest || numbers->row[i].this_update < oldest->this_update))
                oldest = &numbers->row[i];
        if (!oldest)
            return;
        size_t after = (size_t)(numbers->row + numbers->count - oldest) - 1;
        memmove(oldest, oldest + 1, after * sizeof *oldest);
        numbers->count--;
    }
}
