/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "json.h"

cJSON *cg_json_texts(cJSON *object, const char *const *pairs)
{
    object = object ? object : cJSON_CreateObject();
    for (; *pairs; pairs += 2)
        if (pairs[1])
            cJSON_AddStringToObject(object, pairs[0], pairs[1]);
    return object;
}

const char *cg_member_text(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

double cg_member_number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}
