/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_changes.h"

#include "policy_json.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX  8
#define PLACE_TEXT 120

struct change_list {
    char *out;
    size_t size, len, count;
};

static void add(struct change_list *changes, const struct cg_json_path *place)
{
    char text[PLACE_TEXT];
    if (++changes->count > SHOWN_MAX + 1)
        return;
    cg_json_path_text(place, text, sizeof text);
    int n = snprintf(changes->out + changes->len, changes->size - changes->len, "%s%s", changes->len ? ", " : "",
                     changes->count > SHOWN_MAX ? "..." : text);
    changes->len += n > 0 && (size_t)n < changes->size - changes->len ? (size_t)n : 0;
}

static const cJSON *counterpart(const cJSON *item, const cJSON *other, int index)
{
    return item->string ? cJSON_GetObjectItemCaseSensitive(other, item->string) : cJSON_GetArrayItem(other, index);
}

/* Objects are compared key by key, lists of the same length element by element, anything else as a whole. */
static bool can_enter(const cJSON *old, const cJSON *updated)
{
    return (cJSON_IsObject(old) && cJSON_IsObject(updated)) ||
           (cJSON_IsArray(old) && cJSON_IsArray(updated) && cJSON_GetArraySize(old) == cJSON_GetArraySize(updated));
}

/* The recursion is bounded: cg_json_parse refuses deep texts. */
static void compare(struct change_list *changes, const struct cg_json_path *place, const cJSON *old,
                    const cJSON *updated)
{
    if (cJSON_Compare(old, updated, 1))
        return;
    if (!can_enter(old, updated)) {
        add(changes, place);
        return;
    }
    int index = 0;
    for (const cJSON *item = updated->child; item; item = item->next, index++) {
        const struct cg_json_path here = {place, item->string, (size_t)index};
        compare(changes, &here, counterpart(item, old, index), item);
    }
    for (const cJSON *item = old->child; item; item = item->next) {
        const struct cg_json_path here = {place, item->string, 0};
        if (item->string && !cJSON_GetObjectItemCaseSensitive(updated, item->string))
            add(changes, &here);
    }
}

void cg_policy_changes(const struct cg_policy *old, const struct cg_policy *updated, char *out, size_t size)
{
    const struct cg_json_path document = {NULL, NULL, 0};
    struct change_list changes = {out, size, 0, 0};
    out[0] = '\0';
    if (strcmp(old->text, updated->text) == 0)
        return;
    struct cg_error err = {""};
    cJSON *before = cg_json_parse(old->name, old->text, strlen(old->text), &err);
    cJSON *now = cg_json_parse(updated->name, updated->text, strlen(updated->text), &err);
    if (before && now)
        compare(&changes, &document, before, now);
    cJSON_Delete(before);
    cJSON_Delete(now);
}
