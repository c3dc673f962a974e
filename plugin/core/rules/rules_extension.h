/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on extensions: see rules_extension.c. Called through the table in rules.c. */
#ifndef CG_RULES_EXTENSION_H
#define CG_RULES_EXTENSION_H

#include "rule.h"

cg_rule_function cg_rule_unknown_critical, cg_rule_extensions;

#endif
