/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reads JSON text into a tree that is safe to walk, and writes paths in it for messages.
 * cJSON parses; what it accepts but must not (NUL, trailing text, duplicate keys, any depth) is refused here.
 * The caller owns the trees (cJSON_Delete). Called by policy_load.c and policy_changes.c. */
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

/* Parses text whose document must be an object. NULL with *err, prefixed by name, with line and column for syntax
 * errors. */
cJSON *cg_json_parse(const char *name, const char *text, size_t len, struct cg_error *err);

/* JSON Merge Patch (RFC 7396) of an object over target, in place; false if out of memory. */
bool cg_json_merge(cJSON *target, const cJSON *patch);

/* Writes a short form of a value for "found ...". */
void cg_json_found(const cJSON *json, char *out, size_t size);

#endif
