/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the shape of a path: see rules_path.c. Called through the table in rules.c. */
#ifndef CG_RULES_PATH_H
#define CG_RULES_PATH_H

#include "rule.h"

cg_rule_function cg_rule_no_path, cg_rule_malformed, cg_rule_not_a_ca, cg_rule_too_deep, cg_rule_ca_as_end_entity,
    cg_rule_proxy_certificate, cg_rule_not_v3, cg_rule_bad_serial;

#endif
