/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Parses requests on the control topic. Pure functions; the caller owns the JSON trees. Called by control.c,
 * control_commands.c and the fuzzer. */
#ifndef CG_CONTROL_REQUEST_H
#define CG_CONTROL_REQUEST_H

#include "core/base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define CG_CONTROL_REQUEST_MAX  ((size_t)64 << 10) /* bytes */
#define CG_CONTROL_COMMANDS_MAX 16

/* Parses {"commands": [{"command": "NAME", "correlationData": "...", ...}, ...]} with one to CG_CONTROL_COMMANDS_MAX commands.
 * Returns the array; every element is an object with a string "command". NULL and *err on failure. Limits size and depth. */
cJSON *cg_control_parse(const void *payload, size_t len, struct cg_error *err);

/* Reads a value of a command: a string of at most max bytes, or a whole number from 0 to max. False and *err: another value.
 * If the key is missing, *out stays unchanged. */
bool cg_control_text(const cJSON *command, const char *key, size_t max, const char **out, struct cg_error *err);
bool cg_control_number(const cJSON *command, const char *key, size_t max, size_t *out, struct cg_error *err);

/* Checks that the command has no keys but "command", "correlationData" and keys (NULL-terminated). */
bool cg_control_keys(const cJSON *command, const char *const *keys, struct cg_error *err);

#endif
