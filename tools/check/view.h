/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A verdict as text on standard output, and as JSON. Verdicts are borrowed; the caller owns the JSON.
 * Called by verbs/check.c. */
#ifndef CG_CHECK_VIEW_H
#define CG_CHECK_VIEW_H

#include "base/json.h"
#include "core/check.h"

#include <stdbool.h>

void cg_verdict_show(const struct cg_verdict *v, const char *fix, bool with_path);
cJSON *cg_verdict_json(const struct cg_verdict *v, const char *fix);

/* Every rule with its result. profile: the one of the verdict. */
void cg_verdict_show_rules(const struct cg_verdict *v, const struct cg_profile *profile);
cJSON *cg_verdict_rules_json(const struct cg_verdict *v, const struct cg_profile *profile);

#endif
