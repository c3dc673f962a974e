/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The rules of the certificate check: one const table, a row a reason, in order of precedence. Called by check. */
#ifndef CG_RULES_H
#define CG_RULES_H

#include "rule.h"

#include <stddef.h>

/* Runs every rule that is not off. Findings go to out in order of precedence; its decision, reason, depth and detail
 * follow from them. */
void cg_rules_run(const struct cg_rule_input *input, struct cg_verdict *out);

/* Rows of the table, for --explain, docs and tests: the reasons that have a rule, in precedence order. */
size_t cg_rules_count(void);
enum cg_reason cg_rules_reason(size_t index);

#endif
