/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* JSON text to a tree that is safe to walk, and places in it for messages.
 * cJSON reads; what it lets through (NUL, trailing text, duplicate keys, any depth) is refused here.
 * Trees are the caller's (cJSON_Delete). Called by policy_load.c and policy_changes.c. */
#ifndef CG_POLICY_JSON_H
#define CG_POLICY_JSON_H

#include "core/base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* A path of keys and indexes, on the stack: $.listeners[1].tls */
struct cg_json_path {
    const struct cg_json_path *parent; /* NULL: the document, $ */
    const char *key;                   /* NULL: an array's element */
    size_t index;
};

void cg_json_path_text(const struct cg_json_path *place, char *out, size_t size);

/* NULL and *err, prefixed by name, with line and column for syntax errors. The document is an object. */
cJSON *cg_json_parse(const char *name, const char *text, size_t len, struct cg_error *err);

/* JSON Merge Patch (RFC 7396) of an object over target, in place; false without memory. */
bool cg_json_merge(cJSON *target, const cJSON *patch);

/* A short text of a value for "found ...". */
void cg_json_found(const cJSON *json, char *out, size_t size);

#endif
