/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "statements.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct cg_statements {
    atomic_int references;
    size_t count, room;
    struct {
        unsigned char *data;
        size_t len;
    } item[];
};

struct cg_statements *cg_statements_new(size_t room)
{
    struct cg_statements *statements = calloc(1, sizeof *statements + room * sizeof *statements->item);
    if (!statements)
        return NULL;
    atomic_init(&statements->references, 1);
    statements->room = room;
    return statements;
}

bool cg_statements_add(struct cg_statements *statements, const unsigned char *data, size_t len)
{
    unsigned char *copy = statements->count < statements->room && len > 0 ? malloc(len) : NULL;
    if (!copy)
        return false;
    memcpy(copy, data, len);
    statements->item[statements->count].data = copy;
    statements->item[statements->count++].len = len;
    return true;
}

struct cg_statements *cg_statements_ref(struct cg_statements *statements)
{
    if (statements)
        atomic_fetch_add_explicit(&statements->references, 1, memory_order_relaxed);
    return statements;
}

void cg_statements_free(struct cg_statements *statements)
{
    if (!statements || atomic_fetch_sub_explicit(&statements->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < statements->count; i++)
        free(statements->item[i].data);
    free(statements);
}

size_t cg_statements_count(const struct cg_statements *statements)
{
    return statements ? statements->count : 0;
}

bool cg_statements_get(const struct cg_statements *statements, size_t number, const unsigned char **data, size_t *len)
{
    if (number < 1 || number > cg_statements_count(statements))
        return false;
    *data = statements->item[number - 1].data;
    *len = statements->item[number - 1].len;
    return true;
}

bool cg_statements_same(const struct cg_statements *a, const struct cg_statements *b)
{
    bool same = cg_statements_count(a) == cg_statements_count(b);
    for (size_t i = 0; same && i < cg_statements_count(a); i++)
        same = a->item[i].len == b->item[i].len && memcmp(a->item[i].data, b->item[i].data, a->item[i].len) == 0;
    return same;
}
