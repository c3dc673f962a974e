/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_changes.h"

#include "policy_json.h"

#include <stdio.h>
#include <string.h>

#define TOLD_MAX   8
#define PLACE_TEXT 120

struct list {
    char *out;
    size_t size, len, count;
};

static void add(struct list *list, const struct cg_json_path *place)
{
    char text[PLACE_TEXT];
    if (++list->count > TOLD_MAX + 1)
        return;
    cg_json_path_text(place, text, sizeof text);
    int n = snprintf(list->out + list->len, list->size - list->len, "%s%s", list->len ? ", " : "",
                     list->count > TOLD_MAX ? "..." : text);
    list->len += n > 0 && (size_t)n < list->size - list->len ? (size_t)n : 0;
}

static const cJSON *like(const cJSON *item, const cJSON *other, int index)
{
    return item->string ? cJSON_GetObjectItemCaseSensitive(other, item->string) : cJSON_GetArrayItem(other, index);
}

/* Objects key by key, lists of the same length element by element; anything else as a whole. */
static bool can_enter(const cJSON *old, const cJSON *fresh)
{
    return (cJSON_IsObject(old) && cJSON_IsObject(fresh)) ||
           (cJSON_IsArray(old) && cJSON_IsArray(fresh) && cJSON_GetArraySize(old) == cJSON_GetArraySize(fresh));
}

/* The depth is bounded: cg_json_parse refuses deep texts. */
static void compare(struct list *list, const struct cg_json_path *place, const cJSON *old, const cJSON *fresh)
{
    if (cJSON_Compare(old, fresh, 1))
        return;
    if (!can_enter(old, fresh)) {
        add(list, place);
        return;
    }
    int index = 0;
    for (const cJSON *item = fresh->child; item; item = item->next, index++) {
        const struct cg_json_path here = {place, item->string, (size_t)index};
        compare(list, &here, like(item, old, index), item);
    }
    for (const cJSON *item = old->child; item; item = item->next) {
        const struct cg_json_path here = {place, item->string, 0};
        if (item->string && !cJSON_GetObjectItemCaseSensitive(fresh, item->string))
            add(list, &here);
    }
}

void cg_policy_changes(const struct cg_policy *old, const struct cg_policy *fresh, char *out, size_t size)
{
    const struct cg_json_path document = {NULL, NULL, 0};
    struct list list = {out, size, 0, 0};
    out[0] = '\0';
    if (strcmp(old->text, fresh->text) == 0)
        return;
    struct cg_error err = {""};
    cJSON *before = cg_json_parse(old->name, old->text, strlen(old->text), &err);
    cJSON *now = cg_json_parse(fresh->name, fresh->text, strlen(fresh->text), &err);
    if (before && now)
        compare(&list, &document, before, now);
    cJSON_Delete(before);
    cJSON_Delete(now);
}
