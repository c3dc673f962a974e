/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_key.h"

#include "policy.h"

#include <stdio.h>

static void words_text(const struct cg_word *words, const char *start, char *out, size_t size)
{
    size_t len = (size_t)snprintf(out, size, "%s", start);
    for (; words->text && len < size; words++)
        len += (size_t)snprintf(out + len, size - len, "\"%s\"%s", words->text,
                                !words[1].text  ? ""
                                : words[2].text ? ", "
                                                : " or ");
}

const struct cg_unit *cg_key_units(enum cg_key_type type)
{
    return type == CG_TYPE_BYTES          ? cg_units_bytes
           : type == CG_TYPE_MILLISECONDS ? cg_units_milliseconds
                                          : cg_units_seconds;
}

static void quantity_text(const struct cg_key *key, const char *what, const char *zero, char *out, size_t size)
{
    const struct cg_unit *units = cg_key_units(key->type);
    const struct cg_unit *low = cg_quantity_unit(units, key->min), *high = cg_quantity_unit(units, key->max);
    char least[32];
    snprintf(least, sizeof least, "\"%lld%s\"", (long long)(key->min / low->value), low->text);
    snprintf(out, size, "%s, %s to \"%lld%s\"", what, key->min ? least : zero, (long long)(key->max / high->value),
             high->text);
}

void cg_key_expected(const struct cg_key *key, char *out, size_t size)
{
    static const char *const texts[] = {
        [CG_TYPE_BOOL] = "true or false",
        [CG_TYPE_AUTO] = "true, false or \"auto\"",
        [CG_TYPE_TRUE] = "true",
        [CG_TYPE_BIT] = "true or false",
        [CG_TYPE_STRING] = "a string",
        [CG_TYPE_STRINGS] = "a string or an array of strings",
        [CG_TYPE_PATH] = "a path",
        [CG_TYPE_PATHS] = "a path or an array of paths",
        [CG_TYPE_OID] = "a dotted OID such as \"1.3.6.1.4.1.311\"",
        [CG_TYPE_OIDS] = "a dotted OID such as \"1.3.6.1.4.1.311\" or an array of them",
        [CG_TYPE_ATTRIBUTE] = "an attribute such as \"O\", \"OU\" or \"CN\", or a dotted OID",
        [CG_TYPE_SHA256] = "64 hex digits, colons allowed",
        [CG_TYPE_SERIAL] = "a serial number above zero in hex, colons allowed",
        [CG_TYPE_RULES] = "an object that maps reason codes to \"enforce\", \"audit\" or \"off\"",
        [CG_TYPE_OBJECT] = "an object { ... }",
        [CG_TYPE_LIST] = "an array of objects",
        [CG_TYPE_LISTENERS] = "an array of objects",
    };
    if (key->type == CG_TYPE_INTEGER)
        snprintf(out, size, "a whole number from %lld to %lld", (long long)key->min, (long long)key->max);
    else if (key->type == CG_TYPE_SECONDS)
        quantity_text(key, "a duration with its unit (s, m, h, d, w)", "\"0s\"", out, size);
    else if (key->type == CG_TYPE_WARNINGS)
        quantity_text(key, "an array of at most 7 durations, each with its unit (s, m, h, d, w)", "\"0s\"", out, size);
    else if (key->type == CG_TYPE_MILLISECONDS)
        quantity_text(key, "a duration with its unit (ms, s, m, h)", "\"0ms\"", out, size);
    else if (key->type == CG_TYPE_BYTES)
        quantity_text(key, "a size with its unit (B, KiB, MiB, GiB)", "\"0B\"", out, size);
    else if (key->type == CG_TYPE_ENUM)
        words_text(key->words, "", out, size);
    else if (key->type == CG_TYPE_FLAGS)
        words_text(key->words, "an array of ", out, size);
    else if (key->type == CG_TYPE_OBJECTS)
        snprintf(out, size, "an object { ... } or an array of 1 to %lld objects", (long long)key->max);
    else if (key->type == CG_TYPE_MATCH)
        snprintf(out, size, "%s",
                 key->min == CG_MATCH_HEX      ? "whole bytes in hex, colons allowed"
                 : key->min == CG_MATCH_ONE_OF ? "an array of one or more strings"
                                               : "a string");
    else
        snprintf(out, size, "%s", texts[key->type]);
}

bool cg_parse_mismatch(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                       const cJSON *json)
{
    char expected[512], found[80];
    cg_key_expected(key, expected, sizeof expected);
    cg_json_found(json, found, sizeof found);
    if (key->fallback && key->type != CG_TYPE_OBJECT)
        return cg_parse_fail(parse, at, "expected %s, found %s; the default is %s", expected, found, key->fallback);
    return cg_parse_fail(parse, at, "expected %s, found %s", expected, found);
}
