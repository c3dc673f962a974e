/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Deployment: copies of what is live, in the folders that brokers read (target.h), with owner and mode. renew, rotate,
 * revoke and crl bring them up to date by themselves.
 * Nothing is owned. Called by the verbs. */
#ifndef CG_DEPLOY_H
#define CG_DEPLOY_H

#include "store/target.h"

/* Key and certificates of what is live into every target, all in one moment (file_set.h), and ca.pem and crl.pem. Nothing
 * is changed where the key does not fit its certificate. One target that fails does not keep the others from theirs. */
bool cg_deploy_name(const struct cg_ca *ca, const struct cg_targets *targets, struct cg_error *err);

/* What cg_deploy_name asks before it changes anything, of this generation. */
bool cg_deploy_check(const struct cg_ca *ca, const struct cg_targets *targets, unsigned generation,
                     struct cg_error *err);

/* Deploys, and writes deploy/NAME.json. */
bool cg_deploy_and_remember(const struct cg_ca *ca, const char *name, const struct cg_targets *targets,
                            struct cg_error *err);

/* *done: every target holds what is live; true where there is no target. */
bool cg_deploy_is_done(const struct cg_ca *ca, const char *name, bool *done, struct cg_error *err);

/* crl.pem and ca.pem to every target, also after one that fails; *count of those that have them. Here and in
 * cg_deploy_name files that are right stay untouched, so both may be called again to end what a killed run began. */
bool cg_deploy_crl(const struct cg_ca *ca, size_t *count, struct cg_error *err);

#endif
