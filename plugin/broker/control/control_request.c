/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "control_request.h"

#include "core/policy/policy_json.h"

#include <string.h>

#define NAME_MAX_BYTES        64
#define CORRELATION_MAX_BYTES 256

static bool is_valid_command(const cJSON *command, struct cg_error *err)
{
    const char *text = NULL;
    if (!cJSON_IsObject(command)) {
        cg_error_set(err, "expected objects in \"commands\", such as {\"command\": \"status\"}");
        return false;
    }
    if (!cg_control_text(command, "command", NAME_MAX_BYTES, &text, err))
        return false;
    if (!text)
        cg_error_set(err, "expected the key \"command\" in every object in \"commands\"");
    return text && cg_control_text(command, "correlationData", CORRELATION_MAX_BYTES, &text, err);
}

cJSON *cg_control_parse(const void *payload, size_t len, struct cg_error *err)
{
    if (len > CG_CONTROL_REQUEST_MAX) {
        cg_error_set(err, "request: expected at most %zu bytes, found %zu", CG_CONTROL_REQUEST_MAX, len);
        return NULL;
    }
    cJSON *document = cg_json_parse("request", payload ? payload : "", payload ? len : 0, err);
    if (!document)
        return NULL;
    cJSON *commands = cJSON_DetachItemFromObjectCaseSensitive(document, "commands");
    const cJSON *command = NULL;
    int count = cJSON_IsArray(commands) ? cJSON_GetArraySize(commands) : 0;
    bool ok = count > 0 && count <= CG_CONTROL_COMMANDS_MAX && !document->child;
    if (!ok)
        cg_error_set(err, "request: expected {\"commands\": [...]} with one to %d commands and nothing else",
                     CG_CONTROL_COMMANDS_MAX);
    cJSON_ArrayForEach(command, commands) ok = ok && is_valid_command(command, err);
    cJSON_Delete(document);
    if (ok)
        return commands;
    cJSON_Delete(commands);
    return NULL;
}

bool cg_control_text(const cJSON *command, const char *key, size_t max, const char **out, struct cg_error *err)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(command, key);
    if (!value)
        return true;
    if (!cJSON_IsString(value) || strlen(value->valuestring) > max) {
        cg_error_set(err, "%s: expected text of at most %zu bytes", key, max);
        return false;
    }
    *out = value->valuestring;
    return true;
}

bool cg_control_number(const cJSON *command, const char *key, size_t max, size_t *out, struct cg_error *err)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(command, key);
    if (!value)
        return true;
    bool fits = cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble <= (double)max;
    if (!fits || (double)(size_t)value->valuedouble != value->valuedouble) {
        cg_error_set(err, "%s: expected a whole number from 0 to %zu", key, max);
        return false;
    }
    *out = (size_t)value->valuedouble;
    return true;
}

bool cg_control_keys(const cJSON *command, const char *const *keys, struct cg_error *err)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, command)
    {
        bool known = strcmp(item->string, "command") == 0 || strcmp(item->string, "correlationData") == 0;
        for (size_t i = 0; !known && keys[i]; i++)
            known = strcmp(item->string, keys[i]) == 0;
        if (known)
            continue;
        cg_error_set(err, "this command has no key \"%.40s\"", item->string);
        return false;
    }
    return true;
}
