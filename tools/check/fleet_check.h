/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Runs the plugin's check on every certificate of a fleet, with a policy, trust anchors or a time that are not in force
 * yet. The verdicts are those of cg_check. Called by verbs/check.c, which owns the context. */
#ifndef CG_CHECK_FLEET_H
#define CG_CHECK_FLEET_H

#include "cli/cli.h"
#include "context.h"
#include "fleet.h"

/* Prints the table, or JSON, and returns the exit code: 3 if at least one is refused, 1 if a file cannot be read, or with
 * *err. */
int cg_check_fleet(const struct cg_cli *cli, const struct cg_check_options *o, struct cg_check_context *context,
                   const struct cg_fleet *fleet, struct cg_error *err);

#endif
