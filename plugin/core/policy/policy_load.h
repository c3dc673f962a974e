/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes a policy of a file or of text: reads JSON by the table of keys, and puts together what holds for each listener.
 * The caller owns the policy. Called by snapshot, the broker's dry run and the tool. */
#ifndef CG_POLICY_LOAD_H
#define CG_POLICY_LOAD_H

#include "core/base/error.h"
#include "policy.h"

#include <stddef.h>

/* Parses JSON text. name is used for messages and as base of relative paths. NULL and *err ("FILE: $.json.path:
 * expected ..., found ...; fix") on any unknown key, duplicate key, wrong type, bad unit or contradiction. */
struct cg_policy *cg_policy_parse(const char *name, const char *text, size_t len, struct cg_error *err);

/* The file through cg_file_read, at most 1 MiB. */
struct cg_policy *cg_policy_load(const char *file, struct cg_error *err);

/* The strict default with these anchors (file path, kept). */
struct cg_policy *cg_policy_default(const char *anchors_file, struct cg_error *err);

#endif
