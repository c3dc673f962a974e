/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Deployment: copies of the live files, with owner and mode, in the folders that brokers read (target.h). renew, rotate,
 * revoke and crl update them automatically. Before files of a target with a hook change, that is recorded; hook.h runs the
 * hooks afterwards.
 * Nothing is owned. Called by the verbs, rotate and rotation. */
#ifndef CG_DEPLOY_H
#define CG_DEPLOY_H

#include "store/target.h"

/* Copies the live key and certificates into every target, atomically (file_set.h), and ca.pem and crl.pem. Nothing changes
 * if the key does not match its certificate. A target that fails does not stop the others. */
bool cg_deploy_name(const struct cg_ca *ca, struct cg_targets *targets, struct cg_error *err);

/* The checks of cg_deploy_name for this generation, without a change. */
bool cg_deploy_check(const struct cg_ca *ca, const struct cg_targets *targets, unsigned generation,
                     struct cg_error *err);

/* Deploys, and writes deploy/NAME.json. */
bool cg_deploy_and_remember(const struct cg_ca *ca, const char *name, struct cg_targets *targets, struct cg_error *err);

/* *done: this target has the live files. */
bool cg_deploy_target_is_done(const struct cg_ca *ca, const struct cg_target *target, bool *done, struct cg_error *err);

/* *done: every target has the live files, and no hook is pending; true if there is no target. */
bool cg_deploy_is_done(const struct cg_ca *ca, const char *name, bool *done, struct cg_error *err);

/* Copies crl.pem and ca.pem to every target, also after one that fails; *ntargets: the targets that have them. Like
 * cg_deploy_name, it leaves correct files unchanged, so both may be repeated after a killed run. */
bool cg_deploy_crl(const struct cg_ca *ca, size_t *ntargets, struct cg_error *err);

#endif
