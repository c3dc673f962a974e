/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Creates a policy from a file or from text: reads the JSON by the table of keys, and merges the values for each
 * listener. The caller owns the policy. Called by the snapshot, the broker's dry run and the tool. Any thread. */
#ifndef CG_POLICY_LOAD_H
#define CG_POLICY_LOAD_H

#include "core/base/error.h"
#include "policy.h"

#include <stddef.h>

/* Parses JSON text. name is used in messages and as the base of relative paths. NULL and *err ("FILE: $.json.path:
 * expected ..., found ...; fix") on any unknown key, duplicate key, wrong type, bad unit or contradiction. */
struct cg_policy *cg_policy_parse(const char *name, const char *text, size_t len, struct cg_error *err);

/* Reads the file with cg_file_read; at most 1 MiB. */
struct cg_policy *cg_policy_load(const char *file, struct cg_error *err);

/* The strict default with the anchors of this file (the path is copied). */
struct cg_policy *cg_policy_default(const char *anchors_file, struct cg_error *err);

#endif
