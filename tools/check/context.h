/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What "check" judges by: policy and trust as the plugin would have them, from the same loaders.
 * The verb owns the world and clears it. Called by verbs/check.c and fleet_check.c. */
#ifndef CG_TOOLS_CHECK_CONTEXT_H
#define CG_TOOLS_CHECK_CONTEXT_H

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

struct cg_check_context {
    struct cg_policy *policy;
    struct cg_trust *trust;        /* NULL: no anchors were named; batch lines may bring their own */
    struct cg_trust *server_trust; /* of brokers' own certificates; the same where the policy names no other */
    struct cg_profile profile;
    enum cg_purpose purpose;
};

/* Policy, and trust anchors where any are named. False: *err says what. Clear it in both cases. */
bool cg_check_context_load(struct cg_check_context *context, const struct cg_check_options *o, struct cg_error *err);
void cg_check_context_clear(struct cg_check_context *context);

/* The rules for a purpose, as the options narrow them. */
struct cg_profile cg_check_context_profile(const struct cg_check_context *context, const struct cg_check_options *o,
                                           enum cg_purpose purpose);

/* What certificates for a purpose are checked against; may be NULL. */
const struct cg_trust *cg_check_context_trust(const struct cg_check_context *context, enum cg_purpose purpose);

/* The CRLs of --crl; those of intermediates that the peer sends need its certificates. */
bool cg_check_context_add_crls(struct cg_check_context *context, const struct cg_check_options *o,
                               const STACK_OF(X509) *sent, struct cg_error *err);

/* Appends the certificates of a file, or of every file of a list. */
bool cg_check_context_certificates(const char *file, STACK_OF(X509) *to, struct cg_error *err);
bool cg_check_context_all_certificates(const struct cg_list *files, STACK_OF(X509) *to, struct cg_error *err);

/* Whose certificate one of that purpose is, for its fix. */
enum cg_cert_owner cg_check_context_owner(const struct cg_check_options *o, enum cg_purpose purpose);

#endif
