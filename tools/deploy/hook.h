/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The hooks of targets: commands that run after files of the folder changed, for example to copy them to another machine.
 *
 * deploy.h records in deploy/NAME.json that a hook is pending before files change, and cg_hooks_run records its success. So it
 * runs at least once for each change, whatever kills a run, and again after a failure. The CA's lock is not held meanwhile. Hooks of
 * several folders run at the same time; deploy/NAME.lock lets only one run at a time for a name, since an earlier one could copy
 * older files later.
 * If root works on another user's CA, hooks have that user's rights (owner.h), whether the record or the command line named them.
 * Nothing is owned. Called by rotate and the verbs. */
#ifndef CG_HOOK_H
#define CG_HOOK_H

#include "store/target.h"

struct cg_hook_result {
    const struct cg_target *target;
    const char *why;            /* "" or why it failed, as "exit code 23" */
    const char *output;         /* the last lines, not escaped */
    const struct cg_error *err; /* the same as a message with the fix */
};

/* Called while the lock is not held; may be NULL. */
struct cg_hook_report {
    void (*line)(const void *context, const struct cg_target *target, const char *line);
    void (*ended)(const void *context, const struct cg_hook_result *result);
    const void *context;
};

struct cg_hook_request {
    const char *verb;
    const char *const *names; /* run only their hooks; NULL: all of the CA */
    size_t count;             /* of names */
    struct cg_hook_report report;
};

bool cg_hook_is_named(const struct cg_hook_request *request, const char *name);

/* Runs the pending hooks. CG_CA_FAILED: some failed, which was reported, and err has the first. CG_CA_LOCKED: they could not be
 * started, or the results not be recorded, for example because the lock could not be acquired again: write nothing any more. */
enum cg_ca_result cg_hooks_run(struct cg_ca *ca, const struct cg_hook_request *request, struct cg_error *err);

#endif
