/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The policy and trust store for "check", loaded as in the plugin.
 * The verb owns the context and clears it. Called by verbs/check.c and fleet_check.c. */
#ifndef CG_TOOLS_CHECK_CONTEXT_H
#define CG_TOOLS_CHECK_CONTEXT_H

#include "cli/values.h"
#include "core/base/error.h"
#include "core/check.h"

/* The options of the verb. */
struct cg_check_options {
    const char *purpose;
    struct cg_list trust, untrusted, crl;
    const char *policy;
    struct cg_number listener;
    const char *host;
    bool explain, issued;
    const char *batch;
    bool folder; /* the argument is a folder; set by the verb */
};

struct cg_check_context {
    struct cg_policy *policy;
    struct cg_trust *trust;        /* NULL: no anchors were given; lines of --batch may have their own */
    struct cg_trust *server_trust; /* for brokers' certificates; the same as trust unless the policy has others */
    struct cg_profile profile;
    enum cg_purpose purpose;
};

/* Loads the policy and the trust anchors, if any are given. Clear it in any case. */
bool cg_check_context_load(struct cg_check_context *context, const struct cg_check_options *o, struct cg_error *err);
void cg_check_context_clear(struct cg_check_context *context);

/* The rules for a purpose, with the options applied. */
struct cg_profile cg_check_context_profile(const struct cg_check_context *context, const struct cg_check_options *o,
                                           enum cg_purpose purpose);

/* The trust store for a purpose; may be NULL. */
const struct cg_trust *cg_check_context_trust(const struct cg_check_context *context, enum cg_purpose purpose);

/* Adds the CRLs of --crl. sent: certificates of the peer, which may have signed them. */
bool cg_check_context_add_crls(struct cg_check_context *context, const struct cg_check_options *o,
                               const STACK_OF(X509) *sent, struct cg_error *err);

/* Appends the certificates of a file, or of all files of a list. */
bool cg_check_context_certificates(const char *file, STACK_OF(X509) *to, struct cg_error *err);
bool cg_check_context_all_certificates(const struct cg_list *files, STACK_OF(X509) *to, struct cg_error *err);

/* The owner of a certificate for a purpose, and the fix for a reason. */
enum cg_cert_owner cg_check_context_owner(const struct cg_check_options *o, enum cg_purpose purpose);
const char *cg_check_context_fix(const struct cg_check_options *o, enum cg_purpose purpose, enum cg_reason reason);

#endif
