/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The rule on name constraints: see rules_constraints.c. Called through the table in rules.c. */
#ifndef CG_RULES_CONSTRAINTS_H
#define CG_RULES_CONSTRAINTS_H

#include "rule.h"

cg_rule_function cg_rule_name_constraints;

#endif
