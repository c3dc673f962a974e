/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_json.h"

#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX  12  /* the deepest key of a policy is at 6 */
#define KEYS_MAX   256 /* of one object */
#define FOUND_TEXT 48

void cg_json_path_text(const struct cg_json_path *place, char *out, size_t size)
{
    if (!place->parent) {
        snprintf(out, size, "$");
        return;
    }
    cg_json_path_text(place->parent, out, size);
    size_t len = strlen(out);
    if (place->key)
        snprintf(out + len, size - len, ".%s", place->key);
    else
        snprintf(out + len, size - len, "[%zu]", place->index);
}

static void syntax_error(struct cg_error *err, const char *name, const char *text, size_t at, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    cg_error_set(err, "%s: line %zu, column %zu: %s", name, line, column, what);
}

/* Finds what cJSON would accept or recurse into. Returns what is wrong at *at, or NULL.
 * *open: the text ends inside an object or array. */
static const char *scan(const char *text, size_t len, size_t *at, bool *open)
{
    int depth = 0;
    bool in_string = false;
    *at = 0;
    for (size_t i = 0, n = 1; i < len; i += n) {
        *at = i;
        uint32_t point = 0;
        n = cg_utf8_next((const unsigned char *)text + i, len - i, &point);
        if (n == 0)
            return "found a byte that is not UTF-8; save the file as UTF-8";
        if (text[i] == '\0')
            return "found a NUL byte; the file must be text";
        if (in_string && (unsigned char)text[i] < 0x20)
            return "found a control character or line break inside a string; look for a missing closing quote before "
                   "it";
        if (text[i] == '"') {
            in_string = !in_string;
        } else if (in_string && text[i] == '\\') {
            if (len - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
                return "found \\u0000 in a string; remove it";
            n = 2;
        } else if (!in_string) {
            depth += (text[i] == '{' || text[i] == '[') - (text[i] == '}' || text[i] == ']');
            if (depth > DEPTH_MAX)
                return "objects or arrays are nested too deeply";
        }
    }
    *open = depth > 0;
    return in_string ? "the file ends inside a string; look for a missing closing quote" : NULL;
}

/* cJSON keeps both of two equal keys and returns the first, which may not be the one that was meant. */
static bool keys_unique(const struct cg_json_path *at, const char *name, const cJSON *json, struct cg_error *err)
{
    size_t index = 0;
    char place[256];
    for (const cJSON *item = json->child; item; item = item->next, index++) {
        struct cg_json_path here = {at, cJSON_IsObject(json) ? item->string : NULL, index};
        cg_json_path_text(&here, place, sizeof place);
        if (cJSON_IsObject(json) && index >= KEYS_MAX) {
            cg_error_set(err, "%s: %s: expected at most %d keys in one object", name, place, KEYS_MAX);
            return false;
        }
        for (const cJSON *other = json->child; cJSON_IsObject(json) && other != item; other = other->next) {
            if (strcmp(other->string, item->string) == 0) {
                cg_error_set(err, "%s: %s: duplicate key; remove one of the two", name, place);
                return false;
            }
        }
        if (!keys_unique(&here, name, item, err))
            return false;
    }
    return true;
}

cJSON *cg_json_parse(const char *name, const char *text, size_t len, struct cg_error *err)
{
    size_t at = 0;
    const char *end = NULL;
    bool open = false;
    const char *fault = scan(text, len, &at, &open);
    if (fault) {
        syntax_error(err, name, text, at, fault);
        return NULL;
    }
    cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, 0);
    if (!json) {
        /* cJSON points to the last byte if the text ends too early. */
        at = end && end >= text && end < text + len ? (size_t)(end - text) : len;
        syntax_error(err, name, text, at,
                     at + 1 >= len && open
                         ? "the file ends too early; look for a missing closing }"
                         : "not valid JSON from here on; look for a missing or extra comma or quote before it");
        return NULL;
    }
    for (at = (size_t)(end - text); at < len && strchr(" \t\r\n", text[at]); at++)
        ;
    struct cg_json_path document = {NULL, NULL, 0};
    if (at < len)
        syntax_error(err, name, text, at, "text after the end of the JSON object; remove it");
    else if (!cJSON_IsObject(json))
        cg_error_set(err, "%s: $: expected an object { ... }", name);
    else if (keys_unique(&document, name, json, err))
        return json;
    cJSON_Delete(json);
    return NULL;
}

bool cg_json_merge(cJSON *target, const cJSON *patch)
{
    for (const cJSON *item = patch->child; item; item = item->next) {
        cJSON *old = cJSON_GetObjectItemCaseSensitive(target, item->string);
        if (cJSON_IsObject(item) && cJSON_IsObject(old)) {
            if (!cg_json_merge(old, item))
                return false;
            continue;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(target, item->string);
        if (cJSON_IsNull(item))
            continue;
        cJSON *copy = cJSON_IsObject(item) ? cJSON_CreateObject() : cJSON_Duplicate(item, 1);
        if (!copy || !cJSON_AddItemToObject(target, item->string, copy)) {
            cJSON_Delete(copy);
            return false;
        }
        if (cJSON_IsObject(item) && !cg_json_merge(copy, item))
            return false;
    }
    return true;
}

void cg_json_found(const cJSON *json, char *out, size_t size)
{
    if (cJSON_IsString(json)) {
        bool cut = strlen(json->valuestring) > FOUND_TEXT;
        snprintf(out, size, "\"%.*s%s\"", FOUND_TEXT, json->valuestring, cut ? "..." : "");
    } else if (cJSON_IsNumber(json)) {
        snprintf(out, size, "%.15g", json->valuedouble);
    } else if (cJSON_IsBool(json)) {
        snprintf(out, size, "%s", cJSON_IsTrue(json) ? "true" : "false");
    } else {
        snprintf(out, size, "%s", cJSON_IsArray(json) ? "an array" : cJSON_IsObject(json) ? "an object" : "null");
    }
}
