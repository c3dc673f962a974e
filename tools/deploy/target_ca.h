/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which CA's files a target contains: a recorded folder may have been taken over by another CA since, and with the files of
 * this CA its broker would refuse everyone.
 * Nothing is owned. Called by deploy and the verbs. */
#ifndef CG_TARGET_CA_H
#define CG_TARGET_CA_H

#include "store/target.h"

/* The certificate that its broker reads; NULL with the cause if there is none, or it cannot be read. The caller's. */
X509 *cg_target_cert(const struct cg_target *target, struct cg_error *err);

/* The target has a certificate of this name, of any generation. */
bool cg_target_is_in_place(const struct cg_ca *ca, const struct cg_target *target);

/* False if the files are another CA's, unless --to named the folder in this run. */
bool cg_target_is_of_ca(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err);

/* The other CA and this one: subject and serial number. */
struct cg_target_change {
    char theirs[320], ours[320];
};

/* True if --to named the folder in this run, and its files are another CA's, which this CA replaces. */
bool cg_target_changes_ca(const struct cg_ca *ca, const struct cg_target *target, struct cg_target_change *change);

#endif
