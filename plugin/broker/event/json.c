/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "json.h"

#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 1024

/* Bytes needed for the closers of all open levels, and the NUL. */
static size_t reserve(const struct cg_json *json)
{
    return (size_t)json->depth + 2;
}

static bool put(struct cg_json *json, const char *bytes, size_t len)
{
    if (len > json->size - json->len || json->size - json->len - len < reserve(json))
        return false;
    memcpy(json->out + json->len, bytes, len);
    json->len += len;
    return true;
}

/* The comma and the key before a value. Keys are constants and need no escaping. */
static bool put_key(struct cg_json *json, const char *key)
{
    if (json->has_member[json->depth] && !put(json, ",", 1))
        return false;
    if (!key)
        return true;
    return put(json, "\"", 1) && put(json, key, strlen(key)) && put(json, "\":", 2);
}

static void put_member(struct cg_json *json, const char *key, const char *value, size_t len)
{
    size_t mark = json->len;
    if (!json->omitted && put_key(json, key) && put(json, value, len)) {
        json->has_member[json->depth] = true;
        return;
    }
    json->len = mark;
}

void cg_json_begin(struct cg_json *json, char *out, size_t size)
{
    memset(json, 0, sizeof *json);
    json->out = out;
    json->size = size;
    json->out[json->len++] = '{';
    json->closers[0] = '}';
}

void cg_json_string(struct cg_json *json, const char *key, const char *text, size_t max)
{
    char plain[TEXT_MAX], quoted[2 * TEXT_MAX + 2];
    size_t n = 0;
    if (!text || !*text)
        return;
    cg_text_escape(text, strlen(text), plain, max < sizeof plain ? max + 1 : sizeof plain);
    quoted[n++] = '"';
    for (const char *c = plain; *c; c++) {
        if (*c == '"' || *c == '\\')
            quoted[n++] = '\\';
        quoted[n++] = *c;
    }
    quoted[n++] = '"';
    put_member(json, key, quoted, n);
}

void cg_json_number(struct cg_json *json, const char *key, int64_t number)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)number);
    put_member(json, key, text, (size_t)n);
}

void cg_json_true(struct cg_json *json, const char *key)
{
    put_member(json, key, "true", 4);
}

static void open_level(struct cg_json *json, const char *key, const char *opener, char closer)
{
    size_t mark = json->len;
    if (json->omitted || json->depth == CG_JSON_DEPTH_MAX - 1) {
        json->omitted++;
        return;
    }
    json->depth++; /* put() reserves room for the closer */
    json->has_member[json->depth] = json->has_member[json->depth - 1];
    if (put_key(json, key) && put(json, opener, 1)) {
        json->has_member[json->depth - 1] = true;
        json->has_member[json->depth] = false;
        json->closers[json->depth] = closer;
        return;
    }
    json->depth--;
    json->len = mark;
    json->omitted++;
}

void cg_json_open_object(struct cg_json *json, const char *key)
{
    open_level(json, key, "{", '}');
}

void cg_json_open_array(struct cg_json *json, const char *key)
{
    open_level(json, key, "[", ']');
}

void cg_json_close(struct cg_json *json)
{
    if (json->omitted) {
        json->omitted--;
        return;
    }
    json->out[json->len++] = json->closers[json->depth--];
}

size_t cg_json_end(struct cg_json *json)
{
    json->out[json->len++] = '}';
    json->out[json->len] = '\0';
    return json->len;
}
