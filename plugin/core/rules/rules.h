/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The rules of the certificate check: one const table with one row per reason, in order of precedence. Called by
 * check.c. */
#ifndef CG_RULES_H
#define CG_RULES_H

#include "rule.h"

#include <stddef.h>

/* Runs every rule that is not off. Writes the findings to out in order of precedence, and sets its decision, reason,
 * depth and detail accordingly. */
void cg_rules_run(const struct cg_path_facts *facts, struct cg_verdict *out);

/* The rows of the table, for --explain, docs and tests: the reasons that have a rule, in order of precedence. */
size_t cg_rules_count(void);
enum cg_reason cg_rules_reason(size_t index);

#endif
