/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who of a fleet would be refused, and why: the plugin's check of every certificate, with a policy, trust anchors or a
 * time that are not in force yet. The verdicts are cg_check's. Called by verbs/check.c, which owns the world. */
#ifndef CG_CHECK_FLEET_H
#define CG_CHECK_FLEET_H

#include "cli/cli.h"
#include "context.h"
#include "fleet.h"

/* Prints the table, or JSON, and returns the exit code: 3 when one at least is refused, 1 when one could not be read. */
int cg_check_fleet(const struct cg_cli *cli, const struct cg_check_options *o, struct cg_check_context *context,
                   const struct cg_fleet *fleet);

#endif
