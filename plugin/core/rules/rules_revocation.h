/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on revocation: see rules_revocation.c. Called through the table in rules.c. */
#ifndef CG_RULES_REVOCATION_H
#define CG_RULES_REVOCATION_H

#include "rule.h"

cg_rule_function cg_rule_revocation;

#endif
