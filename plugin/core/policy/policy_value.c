/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_value.h"

#include "core/base/edit_distance.h"
#include "core/file/file_path.h"
#include "policy_draft.h"
#include "policy_keys.h"

#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

#define STRING_MAX  4096
#define SHA256_SIZE 32
#define SERIAL_MAX  64

static bool no_memory(struct cg_parse *parse, const struct cg_json_path *at)
{
    return cg_parse_fail(parse, at, "out of memory");
}

/* ---- numbers */

static bool store_integer(void *to, size_t size, int64_t value)
{
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;
    const void *from = size == 1 ? (void *)&u8 : size == 2 ? (void *)&u16 : size == 4 ? (void *)&u32 : (void *)&value;
    memcpy(to, from, size);
    return true;
}

static bool read_quantity(const cJSON *json, const struct cg_unit *units, const struct cg_key *key, int64_t *out)
{
    return cJSON_IsString(json) && cg_quantity_read(json->valuestring, units, key->min, key->max, out);
}

static bool set_quantity(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                         const cJSON *json, void *to)
{
    int64_t value = 0;
    if (!read_quantity(json, cg_key_units(key->type), key, &value))
        return cg_parse_mismatch(parse, at, key, json);
    return store_integer(to, key->size, value);
}

static bool set_integer(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                        const cJSON *json, void *to)
{
    double number = cJSON_IsNumber(json) ? json->valuedouble : -1;
    bool fits = cJSON_IsNumber(json) && number >= (double)key->min && number <= (double)key->max;
    if (!fits || number != (double)(int64_t)number)
        return cg_parse_mismatch(parse, at, key, json);
    return store_integer(to, key->size, (int64_t)number);
}

static bool set_bool(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, const cJSON *json,
                     void *to)
{
    if (!cJSON_IsBool(json))
        return cg_parse_mismatch(parse, at, key, json);
    return store_integer(to, key->size, cJSON_IsTrue(json));
}

static bool set_auto(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, const cJSON *json,
                     void *to)
{
    bool automatic = cJSON_IsString(json) && strcmp(json->valuestring, "auto") == 0;
    if (!automatic && !cJSON_IsBool(json))
        return cg_parse_mismatch(parse, at, key, json);
    return store_integer(to, key->size, automatic ? CG_AUTO : cJSON_IsTrue(json) ? CG_YES : CG_NO);
}

static bool set_true(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, const cJSON *json,
                     void *to)
{
    if (!cJSON_IsTrue(json))
        return cg_parse_mismatch(parse, at, key, json);
    return store_integer(to, key->size, key->min);
}

static bool set_bit(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, const cJSON *json,
                    void *to)
{
    if (!cJSON_IsBool(json))
        return cg_parse_mismatch(parse, at, key, json);
    unsigned *bits = to;
    if (cJSON_IsTrue(json))
        *bits |= (unsigned)key->min;
    return true;
}

/* ---- words */

static const struct cg_word *find_word(const struct cg_word *words, const cJSON *json)
{
    for (; cJSON_IsString(json) && words->text; words++)
        if (strcmp(words->text, json->valuestring) == 0)
            return words;
    return NULL;
}

static bool set_enum(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, const cJSON *json,
                     void *to)
{
    const struct cg_word *word = find_word(key->words, json);
    if (!word)
        return cg_parse_mismatch(parse, at, key, json);
    return store_integer(to, key->size, word->value);
}

static bool set_flags(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                      const cJSON *json, void *to)
{
    int64_t bits = key->min;
    size_t index = 0;
    if (!cJSON_IsArray(json))
        return cg_parse_mismatch(parse, at, key, json);
    for (const cJSON *item = json->child; item; item = item->next) {
        const struct cg_json_path here = {at, NULL, index++};
        const struct cg_word *word = find_word(key->words, item);
        if (!word)
            return cg_parse_mismatch(parse, &here, key, item);
        bits |= word->value;
    }
    return store_integer(to, key->size, bits);
}

/* ---- strings: one JSON string becomes one string in the policy's store */

/* The text of a JSON string that is not empty, not huge and free of control characters; else NULL. */
static const char *clean_string(const cJSON *json)
{
    if (!cJSON_IsString(json))
        return NULL;
    size_t len = strlen(json->valuestring);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)json->valuestring[i] < 0x20 || json->valuestring[i] == 0x7f)
            return NULL;
    return len > 0 && len <= STRING_MAX ? json->valuestring : NULL;
}

/* Writes the hex digits without colons, in lower case. */
static bool read_hex(const cJSON *json, char *out, size_t size)
{
    const char *text = clean_string(json);
    size_t n = 0;
    for (; text && *text; text++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF", *digit = strchr(digits, *text);
        if (*text == ':' && n > 0 && text[1])
            continue;
        if (!digit || n + 1 >= size)
            return false;
        out[n++] = digits[(digit - digits) % 16];
    }
    out[n] = '\0';
    return n > 0;
}

static bool valid_oid(const char *text)
{
    if (text[strspn(text, "0123456789.")] != '\0' || !strchr(text, '.'))
        return false;
    ASN1_OBJECT *object = OBJ_txt2obj(text, 1);
    ASN1_OBJECT_free(object);
    return object != NULL;
}

static const char *read_path(struct cg_parse *parse, const struct cg_key *key, const char *text)
{
    if (key->max == 1 && strcmp(text, "-") == 0)
        return cg_store_text(parse->store, text);
    char *path = cg_file_relative_to(parse->name, text);
    const char *kept = path ? cg_store_text(parse->store, path) : NULL;
    free(path);
    return kept;
}

/* The string in the policy's store; NULL with the error set. */
static const char *read_string(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                               const cJSON *json)
{
    char hex[2 * STRING_MAX];
    const char *text = clean_string(json), *kept = NULL;
    bool fits = text != NULL;
    if (key->type == CG_TYPE_OID || key->type == CG_TYPE_OIDS)
        fits = text && valid_oid(text);
    else if (key->type == CG_TYPE_ATTRIBUTE)
        fits = text && (valid_oid(text) || OBJ_sn2nid(text) != NID_undef);
    else if (key->type == CG_TYPE_SERIAL || (key->type == CG_TYPE_MATCH && key->min == CG_MATCH_HEX))
        fits = read_hex(json, hex, sizeof hex);
    if (fits && key->type == CG_TYPE_SERIAL) {
        text = hex + strspn(hex, "0");
        fits = *text != '\0' && strlen(text) <= SERIAL_MAX;
    } else if (fits && key->type == CG_TYPE_MATCH && key->min == CG_MATCH_HEX) {
        text = hex;
        fits = strlen(hex) % 2 == 0;
    }
    if (!fits) {
        cg_parse_mismatch(parse, at, key, json);
        return NULL;
    }
    bool path = key->type == CG_TYPE_PATH || key->type == CG_TYPE_PATHS;
    kept = path ? read_path(parse, key, text) : cg_store_text(parse->store, text);
    if (!kept)
        no_memory(parse, at);
    return kept;
}

static bool set_string(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                       const cJSON *json, void *to)
{
    const char **field = to;
    *field = read_string(parse, at, key, json);
    return *field != NULL;
}

/* Reads one string or an array of strings. */
static bool set_strings(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                        const cJSON *json, void *to)
{
    struct cg_strings *field = to;
    bool array = cJSON_IsArray(json);
    const cJSON *item = array ? json->child : json;
    size_t count = array ? (size_t)cJSON_GetArraySize(json) : 1, index = 0;
    field->count = 0;
    field->item = cg_store_get(parse->store, count * sizeof *field->item);
    if (!field->item)
        return no_memory(parse, at);
    for (; item && index < count; item = item->next, index++) {
        const struct cg_json_path here = {at, NULL, index};
        field->item[index] = read_string(parse, array ? &here : at, key, item);
        if (!field->item[index])
            return false;
        field->count++;
    }
    return true;
}

static bool set_match(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                      const cJSON *json, void *to)
{
    struct cg_value_match *match = to;
    match->kind = (enum cg_match_kind)key->min;
    bool wants_array = match->kind == CG_MATCH_ONE_OF;
    if (wants_array != cJSON_IsArray(json) || (wants_array && !json->child))
        return cg_parse_mismatch(parse, at, key, json);
    return set_strings(parse, at, key, json, &match->values);
}

static bool set_sha256(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                       const cJSON *json, void *to)
{
    char hex[2 * SHA256_SIZE + 2];
    const unsigned char **field = to;
    if (!read_hex(json, hex, sizeof hex) || strlen(hex) != 2 * SHA256_SIZE)
        return cg_parse_mismatch(parse, at, key, json);
    unsigned char *bytes = cg_store_get(parse->store, SHA256_SIZE);
    if (!bytes)
        return no_memory(parse, at);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    *field = bytes;
    return true;
}

/* ---- special lists */

static bool set_warnings(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                         const cJSON *json, void *to)
{
    int64_t *field = to;
    size_t room = key->size / sizeof *field - 1, count = 0; /* a 0 ends the list */
    memset(field, 0, key->size);
    if (!cJSON_IsArray(json) || (size_t)cJSON_GetArraySize(json) > room)
        return cg_parse_mismatch(parse, at, key, json);
    for (const cJSON *item = json->child; item; item = item->next, count++) {
        const struct cg_json_path here = {at, NULL, count};
        int64_t value = 0;
        size_t i = count;
        if (!read_quantity(item, cg_units_seconds, key, &value))
            return cg_parse_mismatch(parse, &here, key, item);
        for (; i > 0 && field[i - 1] < value; i--)
            field[i] = field[i - 1];
        field[i] = value;
    }
    return true;
}

static bool unknown_rule(struct cg_parse *parse, const struct cg_json_path *at, const char *code)
{
    const char *nearest = NULL;
    size_t best = cg_edit_distance_limit(code) + 1;
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        const struct cg_reason_row *row = cg_reason_row((enum cg_reason)i);
        size_t far = row->kind == CG_KIND_RULE ? cg_edit_distance(code, row->code) : best;
        if (far < best) {
            best = far;
            nearest = row->code;
        }
    }
    if (nearest)
        return cg_parse_fail(parse, at, "no rule has this code; did you mean \"%s\"?", nearest);
    return cg_parse_fail(parse, at, "no rule has this code; the codes are listed in certguard-reasons(5)");
}

static bool set_rule(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, const cJSON *json,
                     enum cg_mode *modes)
{
    enum cg_reason reason = cg_reason_from_code(json->string);
    const struct cg_word *word = find_word(key->words, json);
    if (reason == CG_REASON_UNSET)
        return unknown_rule(parse, at, json->string);
    if (cg_reason_row(reason)->kind != CG_KIND_RULE)
        return cg_parse_fail(parse, at, "this reason is not a certificate rule and has no mode; remove the key");
    if (!word)
        return cg_parse_fail(parse, at, "expected \"enforce\", \"audit\" or \"off\"");
    if (word->value == CG_OFF && cg_rule_never_off(reason))
        return cg_parse_fail(parse, at, "this rule cannot be \"off\": %s", cg_rule_never_off(reason));
    modes[reason] = (enum cg_mode)word->value;
    return true;
}

static bool set_rules(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key,
                      const cJSON *json, void *to)
{
    enum cg_mode *modes = to;
    for (int i = 0; i < CG_REASON_COUNT; i++)
        modes[i] = CG_MODE_INHERIT;
    if (!cJSON_IsObject(json))
        return cg_parse_mismatch(parse, at, key, json);
    for (const cJSON *item = json->child; item; item = item->next) {
        const struct cg_json_path here = {at, item->string, 0};
        if (!set_rule(parse, &here, key, item, modes))
            return false;
    }
    return true;
}

typedef bool setter(struct cg_parse *, const struct cg_json_path *, const struct cg_key *, const cJSON *, void *);

static setter *const setters[] = {
    [CG_TYPE_BOOL] = set_bool,
    [CG_TYPE_AUTO] = set_auto,
    [CG_TYPE_TRUE] = set_true,
    [CG_TYPE_BIT] = set_bit,
    [CG_TYPE_INTEGER] = set_integer,
    [CG_TYPE_SECONDS] = set_quantity,
    [CG_TYPE_MILLISECONDS] = set_quantity,
    [CG_TYPE_BYTES] = set_quantity,
    [CG_TYPE_ENUM] = set_enum,
    [CG_TYPE_FLAGS] = set_flags,
    [CG_TYPE_STRING] = set_string,
    [CG_TYPE_STRINGS] = set_strings,
    [CG_TYPE_PATH] = set_string,
    [CG_TYPE_PATHS] = set_strings,
    [CG_TYPE_OID] = set_string,
    [CG_TYPE_OIDS] = set_strings,
    [CG_TYPE_ATTRIBUTE] = set_string,
    [CG_TYPE_SHA256] = set_sha256,
    [CG_TYPE_SERIAL] = set_string,
    [CG_TYPE_MATCH] = set_match,
    [CG_TYPE_WARNINGS] = set_warnings,
    [CG_TYPE_RULES] = set_rules,
};

bool cg_value_set(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, const cJSON *json,
                  void *to)
{
    if ((size_t)key->type >= sizeof setters / sizeof *setters || !setters[key->type])
        return cg_parse_fail(parse, at, "this key has no reader; this is a bug");
    return setters[key->type](parse, at, key, json, to);
}
