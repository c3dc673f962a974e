/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which CA's files stand in a target: a folder that is only remembered may hold another CA's by now, and with the files of
 * this one its broker would refuse everyone.
 * Nothing is owned. Called by deploy and the verbs. */
#ifndef CG_TARGET_CA_H
#define CG_TARGET_CA_H

#include "target.h"

/* A certificate of this name stands there, of any generation. */
bool cg_target_is_in_place(const struct cg_ca *ca, const struct cg_target *target);

/* False where the files are another CA's, unless --to named the folder in this run. */
bool cg_target_is_of_ca(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err);

/* Says which of the folders that --to named in this run held the files of another CA, whose place this one takes. */
void cg_target_warn(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_targets *targets);

#endif
