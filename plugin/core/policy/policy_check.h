/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks for contradictions between keys whose values are valid alone. Each returns false with the error set.
 * Called through the rows of policy_keys.c by policy_load.c. */
#ifndef CG_POLICY_CHECK_H
#define CG_POLICY_CHECK_H

#include "policy_parse.h"

bool cg_check_extension(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_certificate_match(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_caller_match(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_renewal(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_profile(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_trust(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_role(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_identity(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);
bool cg_check_listener(struct cg_parse *parse, const struct cg_json_path *at, const void *filled);

#endif
