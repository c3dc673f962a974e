/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The options that say where and how a name is deployed, and their effect on its targets. Strings are borrowed. Called by
 * deploy, issue and sign. */
#ifndef CG_TARGET_OPTIONS_H
#define CG_TARGET_OPTIONS_H

#include "target.h"

/* The options; they replace the recorded values. NULL: not given. An empty hook removes it. */
struct cg_deploy_options {
    const char *to, *owner, *group, *mode, *connect, *hook, *hook_timeout;
};

/* The name of an option that was given; NULL: none. */
const char *cg_deploy_option_given(const struct cg_deploy_options *place);

/* False if mode or hook_timeout are malformed. */
bool cg_deploy_options_ok(const struct cg_deploy_options *place, struct cg_error *err);

/* Adds a target if --to names a new folder; without --to the options apply to all targets. False if mode, user or group are
 * invalid, or another name has the folder. */
bool cg_targets_merge(const struct cg_ca *ca, const char *name, struct cg_targets *targets,
                      const struct cg_deploy_options *place, struct cg_error *err);
bool cg_targets_forget(const struct cg_ca *ca, const char *name, struct cg_targets *targets, const char *folder,
                       struct cg_error *err);

#endif
