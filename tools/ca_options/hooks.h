/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Runs the hooks of folders (deploy/hook.h) for a verb, and prints what they do. Nothing is owned. Called by the verbs that
 * deploy. */
#ifndef CG_TOOLS_CA_OPTIONS_HOOKS_H
#define CG_TOOLS_CA_OPTIONS_HOOKS_H

#include "cli/cli.h"
#include "deploy/hook.h"

#include <cjson/cJSON.h>

/* The last step of a verb that deploys: runs the pending hooks of these names, or of all (names NULL), prints what they do, and
 * adds their results to the array list (may be NULL). In a dry run, prints which would run. False, printed, if one failed. */
bool cg_verb_hooks(const struct cg_cli *cli, struct cg_ca *ca, const char *const *names, size_t count, cJSON *list);

/* The same for hooks that the library runs: prints, and adds to list. */
struct cg_verb_hooks {
    const struct cg_cli *cli;
    cJSON *list;
};
struct cg_hook_report cg_verb_hook_report(const struct cg_verb_hooks *hooks);

/* For targets of a dry run, which are not recorded. */
void cg_say_hooks(const struct cg_cli *cli, const struct cg_targets *targets);

#endif
