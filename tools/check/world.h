/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What "check" judges by: policy and trust as the plugin would have them, from the same loaders.
 * The verb owns the world and clears it. Called by verbs/check.c and fleet_check.c. */
#ifndef CG_CHECK_WORLD_H
#define CG_CHECK_WORLD_H

#include "cli/values.h"
#include "core/base/error.h"
#include "core/check.h"

/* Options of the verb. */
struct cg_check_options {
    const char *purpose;
    struct cg_list trust, untrusted, crl;
    const char *policy;
    struct cg_number listener;
    const char *host;
    bool explain, issued;
    const char *batch;
};

struct cg_world {
    struct cg_policy *policy;
    struct cg_trust *trust;        /* NULL: no anchors were named; batch lines may bring their own */
    struct cg_trust *server_trust; /* of brokers' own certificates; the same where the policy names no other */
    struct cg_profile profile;
    enum cg_purpose purpose;
};

/* Policy, and trust anchors where any are named. False: *err says what. Clear it in both cases. */
bool cg_world_load(struct cg_world *world, const struct cg_check_options *o, struct cg_error *err);
void cg_world_clear(struct cg_world *world);

/* The rules for a purpose, as the options narrow them. */
struct cg_profile cg_world_profile(const struct cg_world *world, const struct cg_check_options *o,
                                   enum cg_purpose purpose);

/* What certificates for a purpose are checked against; may be NULL. */
const struct cg_trust *cg_world_trust(const struct cg_world *world, enum cg_purpose purpose);

/* The CRLs of --crl; those of intermediates that the peer sends need its certificates. */
bool cg_world_add_crls(struct cg_world *world, const struct cg_check_options *o, const STACK_OF(X509) *sent,
                       struct cg_error *err);

/* Appends the certificates of a file, or of every file of a list. */
bool cg_world_certificates(const char *file, STACK_OF(X509) *to, struct cg_error *err);
bool cg_world_all_certificates(const struct cg_list *files, STACK_OF(X509) *to, struct cg_error *err);

/* Whose certificate one of that purpose is, for its fix. */
enum cg_whose cg_world_whose(const struct cg_check_options *o, enum cg_purpose purpose);

#endif
