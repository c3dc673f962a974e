/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on what a key may be used for: see rules_purpose.c. Called through the table in rules.c. */
#ifndef CG_RULES_PURPOSE_H
#define CG_RULES_PURPOSE_H

#include "rule.h"

cg_rule_function cg_rule_eku, cg_rule_ca_eku, cg_rule_key_usage, cg_rule_ca_key_usage;

#endif
