/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Texts and numbers of JSON objects. The caller owns the objects. Called by all of the tool. */
#ifndef CG_TOOLS_BASE_JSON_H
#define CG_TOOLS_BASE_JSON_H

#include <cjson/cJSON.h>

/* A new object with these texts, and adding texts to one: cg_json_of("name", name, "serial", serial). A text that is NULL is
 * left out. */
#define cg_json_of(...)          cg_json_texts(NULL, (const char *const[]){__VA_ARGS__, NULL})
#define cg_json_add(object, ...) cg_json_texts(object, (const char *const[]){__VA_ARGS__, NULL})

/* pairs: key, text, ..., NULL. Returns the object, a new one if it is NULL. */
cJSON *cg_json_texts(cJSON *object, const char *const *pairs);

const char *cg_member_text(const cJSON *object, const char *key); /* "" if missing or no string */
double cg_member_number(const cJSON *object, const char *key);    /* 0 if missing or no number */

#endif
