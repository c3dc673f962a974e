/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "source.h"
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
    const struct cg_item *x = a, *y = b;
    return strcmp(x->id, y->id);
}

struct cg_item *cg_source_add(struct cg_source *source, const char *id)
{
    struct cg_item *item = cg_array_grow(source->item, source->count, sizeof *item);
    if (!item)
        return NULL;
    source->item = item;
    item += source->count++;
    *item = (struct cg_item){.answer = CG_ITEM_OPEN};
    memcpy(item->id, id, CG_RENEWAL_ID_MAX - 1);
    return item;
}

struct cg_item *cg_source_find(const struct cg_source *source, const char *id)
{
    struct cg_item key = {.answer = CG_ITEM_OPEN};
    memcpy(key.id, id, CG_RENEWAL_ID_MAX - 1);
    return source->count ? bsearch(&key, source->item, source->count, sizeof key, by_id) : NULL;
}

bool cg_source_list(struct cg_source *source, struct cg_error *err)
{
    const bool ok = source->kind->list(source, err);
    if (source->count)
        qsort(source->item, source->count, sizeof *source->item, by_id);
    return ok;
}

bool cg_source_put(struct cg_source *source, const struct cg_mail_answer *answer, struct cg_error *err)
{
    return source->kind->put(source, answer, err);
}

bool cg_source_forget(struct cg_source *source, const char *id, struct cg_error *err)
{
    return source->kind->forget(source, id, err);
}

bool cg_source_flush(struct cg_source *source, struct cg_error *err)
{
    return source->kind->flush(source, err);
}

bool cg_source_sweep(struct cg_source *source, int64_t now, struct cg_error *err)
{
    return source->kind->sweep(source, now, err);
}

void cg_source_close(struct cg_source *source)
{
    if (source->kind)
        source->kind->close(source);
    for (size_t i = 0; i < source->count; i++)
        cg_mail_request_clear(&source->item[i].mail);
    free(source->item);
    *source = (struct cg_source){.kind = NULL};
}
