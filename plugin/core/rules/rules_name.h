/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on names: see rules_name.c. Called through the table in rules.c. */
#ifndef CG_RULES_NAME_H
#define CG_RULES_NAME_H

#include "rule.h"

cg_rule_function cg_rule_bad_name, cg_rule_san_missing, cg_rule_san_type, cg_rule_san_malformed, cg_rule_host,
    cg_rule_subject_attributes;

#endif
