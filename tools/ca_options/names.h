/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Verbs that take several names. The verb owns the struct until cg_names_end. Called by deploy, renew and rotate; list and prune
 * call cg_names_match. */
#ifndef CG_TOOLS_CA_OPTIONS_NAMES_H
#define CG_TOOLS_CA_OPTIONS_NAMES_H

#include "cli/cli.h"

#include <cjson/cJSON.h>

/* Whether each argument can be a name (cg_ca_name_valid). */
bool cg_names_valid(const struct cg_cli *cli, struct cg_error *err);

/* Whether name is one of the arguments, which may contain wildcards, or there are none. */
bool cg_names_match(const struct cg_cli *cli, const char *name);

/* The results of a verb that takes several names. A failure does not stop the others; with several names it is printed at
 * once. end prints the rest as one JSON value and returns the exit code: for one name its result, with "hooks", or its error;
 * for several {"done": [...], "failed": [...], "hooks": [...]}. CG_EXIT_LOCKED: no name failed for another reason. */
struct cg_names {
    const struct cg_cli *cli;
    cJSON *done, *failed, *hooks;
    int code;
    struct cg_error err; /* of the last one that failed */
};
void cg_names_begin(struct cg_names *names, const struct cg_cli *cli);
void cg_names_note(struct cg_names *names, const char *name, int code, cJSON *result, const struct cg_error *err);
int cg_names_end(struct cg_names *names);

#endif
