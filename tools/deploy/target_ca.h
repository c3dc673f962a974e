/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which CA's files stand in a target: a folder that is only remembered may hold another CA's by now, and with the files of
 * this one its broker would refuse everyone.
 * Nothing is owned. Called by deploy and the verbs. */
#ifndef CG_TARGET_CA_H
#define CG_TARGET_CA_H

#include "store/target.h"

/* A certificate of this name stands there, of any generation. */
bool cg_target_is_in_place(const struct cg_ca *ca, const struct cg_target *target);

/* False where the files are another CA's, unless --to named the folder in this run. */
bool cg_target_is_of_ca(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err);

/* Which CA held the folder, and this one: subject and serial number, for people. */
struct cg_target_change {
    char theirs[320], ours[320];
};

/* --to named the folder in this run, and it holds the files of another CA, whose place this one takes. */
bool cg_target_changes_ca(const struct cg_ca *ca, const struct cg_target *target, struct cg_target_change *change);

#endif
