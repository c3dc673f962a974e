/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A request on the control topic: any bytes in, a list of commands whose form is known out, or an error in words.
 * Pure; trees are the caller's. Called by control.c and the fuzzer. */
#ifndef CG_CONTROL_REQUEST_H
#define CG_CONTROL_REQUEST_H

#include "core/base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define CG_CONTROL_REQUEST_MAX  ((size_t)64 << 10) /* bytes */
#define CG_CONTROL_COMMANDS_MAX 16

/* {"commands": [{"command": "NAME", "correlationData": "...", ...}, ...]}, one to CG_CONTROL_COMMANDS_MAX of them.
 * Returns the array, each element an object with a "command" of text; NULL and *err. Limits size, depth and keys. */
cJSON *cg_control_parse(const void *payload, size_t len, struct cg_error *err);

/* A command's values. Text of at most max bytes, numbers that are whole and from 0 to max. False and *err when there is
 * something else; a key that is missing leaves *out as it is. */
bool cg_control_text(const cJSON *command, const char *key, size_t max, const char **out, struct cg_error *err);
bool cg_control_number(const cJSON *command, const char *key, size_t max, size_t *out, struct cg_error *err);

/* Nothing else than "command", "correlationData" and these keys (NULL-terminated). */
bool cg_control_keys(const cJSON *command, const char *const *keys, struct cg_error *err);

#endif
