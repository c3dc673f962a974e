/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The keys of the policy as const tables, one row per key. Read by the parser (policy_load.c), the manual's
 * generator and tests. */
#ifndef CG_POLICY_KEYS_H
#define CG_POLICY_KEYS_H

#include "core/base/reason.h"
#include "policy_key.h"

extern const struct cg_object cg_policy_object; /* the whole file; fills a cg_draft */

/* Why a policy may audit this rule but not turn it off, and what to do instead; NULL: it may be off. */
const char *cg_rule_never_off(enum cg_reason reason);

#endif
