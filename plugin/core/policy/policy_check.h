/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Contradictions between keys that are each right alone. Called by the rows of policy_keys.c through policy_load.c;
 * false with the error set. */
#ifndef CG_POLICY_CHECK_H
#define CG_POLICY_CHECK_H

#include "policy_parse.h"

bool cg_check_extension(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_certificate_match(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_profile(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_trust(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_role(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_identity(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_listener(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);

#endif
