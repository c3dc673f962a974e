/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules and findings of lint and doctor on standard output, as text and as JSON. The shape of the JSON is the same for all
 * verbs. Strings are borrowed; the caller owns the JSON. Called by the verbs lint, doctor, import and inspect. */
#ifndef CG_FINDINGS_H
#define CG_FINDINGS_H

#include "base/finding.h"
#include "output.h"

/* {"id", "severity", "why", "detail", "ref", "fix", "file", "line", "object"}: the row, and what is set of this case. */
cJSON *cg_found_json(const struct cg_found *found);

/* As text: "FILE: SEVERITY: WHY (ID)", the object with the detail and the reference, and the fix. */
void cg_found_print(const struct cg_found *found);

const char *cg_severity_text(enum cg_severity severity); /* "notice", "warning", "error" */
void cg_severity_print(enum cg_severity severity);       /* in its color */

/* For --rules: all rows, until row returns NULL. */
void cg_rules_print(const struct cg_cli *cli, const struct cg_rule_row *(*row)(size_t index));

#endif
