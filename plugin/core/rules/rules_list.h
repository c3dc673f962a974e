/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the deny and allow lists: see rules_list.c. Called through the table in rules.c. */
#ifndef CG_RULES_LIST_H
#define CG_RULES_LIST_H

#include "rule.h"

cg_rule_function cg_rule_deny_list, cg_rule_allow_list;

#endif
