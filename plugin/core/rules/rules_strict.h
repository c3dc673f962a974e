/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The rule on what the strict check adds: see rules_strict.c. Called through the table in rules.c. */
#ifndef CG_RULES_STRICT_H
#define CG_RULES_STRICT_H

#include "rule.h"

cg_rule_function cg_rule_strict;

#endif
