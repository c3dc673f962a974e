/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on time: see rules_validity.c. Called through the table in rules.c. */
#ifndef CG_RULES_VALIDITY_H
#define CG_RULES_VALIDITY_H

#include "rule.h"

cg_rule_function cg_rule_expired, cg_rule_not_yet_valid, cg_rule_lifetime, cg_rule_remaining;

#endif
