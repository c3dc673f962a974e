/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The environment of a hook: that of this process without variables of certguard, or, for another user, only what that user
 * needs; and the facts in variables CERTGUARD_..., which the manual of certguard lists.
 * The caller owns the result. Called by hook. */
#ifndef CG_HOOK_ENVIRONMENT_H
#define CG_HOOK_ENVIRONMENT_H

#include "store/target.h"

#include <pwd.h>

/* The variable with the verb. Runs of certguard that find it leave hooks pending, as they could wait for themselves. */
#define CG_HOOK_MARK "CERTGUARD_VERB"

/* is_other: the hook gets the rights of another user, who may have an entry. NULL: out of memory. */
char **cg_hook_environment(const struct cg_ca *ca, const struct cg_target *target, const char *verb, bool is_other,
                           const struct passwd *user);
void cg_hook_environment_free(char **environment);

#endif
