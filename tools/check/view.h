/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A verdict for people, to standard output, and for machines. Verdicts are borrowed; the caller owns the JSON.
 * Called by verbs/check.c. */
#ifndef CG_CHECK_VIEW_H
#define CG_CHECK_VIEW_H

#include "core/check.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

void cg_verdict_show(const struct cg_verdict *v, enum cg_cert_owner cert_owner, bool with_path);
cJSON *cg_verdict_json(const struct cg_verdict *v, enum cg_cert_owner cert_owner);

/* Every rule with its result, by the modes of the profile that the verdict was made with. */
void cg_verdict_show_rules(const struct cg_verdict *v, const struct cg_profile *profile);
cJSON *cg_verdict_rules_json(const struct cg_verdict *v, const struct cg_profile *profile);

#endif
