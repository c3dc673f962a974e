/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reads one JSON value into one field, by the type of its row. What the field points to is in the policy's store.
 * Called by policy_load.c for every key that is not an object. */
#ifndef CG_POLICY_VALUE_H
#define CG_POLICY_VALUE_H

#include "policy_key.h"
#include "policy_parse.h"

/* to: the field. */
bool cg_value_set(struct cg_parse *parse, const struct cg_json_path *at, const struct cg_key *key, const cJSON *json,
                  void *to);

#endif
