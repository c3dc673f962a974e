/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "own_certificate.h"

#include "core/check.h"
#include "core/own_certificate.h"
#include "preflight.h"
#include "tls/conn/handlers.h"
#include "tls/openssl/ciphers.h"
#include "tls/openssl/context.h"

#include <openssl/err.h>
#include <stdio.h>

/* Iterates over the listener policies that serve the broker's own certificate. *index starts at 0, the base; NULL at
 * the end. */
static const struct cg_listener_policy *serves_own(const struct cg_snapshot *snapshot, size_t *index)
{
    const struct cg_listener_policy *policy;
    while ((policy = cg_policy_section(snapshot->policy, *index)))
        if (!cg_snapshot_credentials_of(snapshot, (*index)++)->count)
            return policy;
    return NULL;
}

static struct cg_strength strength_of(const struct cg_context *context)
{
    STACK_OF(X509) *chain = NULL;
    X509 *leaf = SSL_CTX_get0_certificate(context->ctx);
    SSL_CTX_get0_chain_certs(context->ctx, &chain);
    return cg_strength_of(leaf, chain);
}

void cg_own_update_strength(void)
{
    struct cg_strength all = {0, 0};
    for (const struct cg_context *context = cg_contexts_first(); context; context = context->next) {
        if (!cg_own_is_listeners(context))
            continue;
        const struct cg_strength one = strength_of(context);
        cg_strength_add(&all, &one);
    }
    cg_preflight_set_own_strength(&all);
}

/* ---- at startup */

/* Whether clients find a cipher for the certificate. index: as set by serves_own(). */
static bool has_cipher(const struct cg_context *context, const struct cg_snapshot *snapshot,
                       const struct cg_listener_policy *policy, size_t index, struct cg_own_state *out)
{
    const struct cg_strength strength = strength_of(context);
    struct cg_error err = {""};
    char section[64] = "$.tls";
    if (index > 1)
        snprintf(section, sizeof section, "$.listeners[%zu].tls", index - 2);
    cg_contexts_force_owner(CG_CTX_OWNER_FOREIGN); /* the SSL_CTX created here is not a listener's */
    bool ok = cg_ciphers_fit(snapshot->policy->name, section, &policy->tls, &strength, "certfile", &err);
    cg_contexts_force_owner(CG_CTX_OWNER_UNKNOWN);
    if (!ok) {
        out->reason = CG_REASON_POLICY_INVALID;
        snprintf(out->detail, sizeof out->detail, "%s", err.text);
    }
    return ok;
}

static bool is_unusable(const struct cg_context *context, const struct cg_snapshot *snapshot, struct cg_own_state *out)
{
    const struct cg_listener_policy *policy;
    bool refused = false;
    if (!cg_own_is_listeners(context))
        return false; /* a PSK listener or a bridge */
    for (size_t index = 0; (policy = serves_own(snapshot, &index)); refused = true) {
        struct cg_own_state one = {.port = 0};
        cg_own_check_context(snapshot, policy, context, &one);
        bool passes = one.reason == CG_REASON_OK || one.of_time;
        if (passes && has_cipher(context, snapshot, policy, index, &one))
            return false;
        if (!refused)
            *out = one;
    }
    return refused;
}

bool cg_own_is_unusable(const struct cg_snapshot *snapshot, struct cg_own_state *out)
{
    bool found = false;
    *out = (struct cg_own_state){.reason = CG_REASON_INTERNAL_ERROR};
    if (cg_contexts_untracked()) {
        snprintf(out->detail, sizeof out->detail, "cannot find it: memory ran out when a listener was opened");
        return true;
    }
    ERR_set_mark();
    for (const struct cg_context *context = cg_contexts_first(); context && !found; context = context->next)
        found = is_unusable(context, snapshot, out);
    ERR_pop_to_mark();
    return found;
}

const X509 *cg_hook_own_certificate(const struct cg_snapshot *snapshot, size_t index)
{
    size_t any = 0;
    if (!serves_own(snapshot, &any))
        return NULL;
    for (const struct cg_context *context = cg_contexts_first(); context; context = context->next) {
        bool replaced = context->port && cg_snapshot_credentials(snapshot, context->port)->count;
        if (!replaced && cg_own_is_listeners(context) && index-- == 0)
            return SSL_CTX_get0_certificate(context->ctx);
    }
    return NULL;
}

/* The first audited finding; CG_REASON_UNSET: none. */
static enum cg_reason audited(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy,
                              const char *file, X509 *leaf, const STACK_OF(X509) *chain, struct cg_error *err)
{
    enum cg_reason reason = CG_REASON_UNSET;
    struct cg_verdict *verdict = OPENSSL_zalloc(sizeof *verdict);
    bool accepted = verdict && cg_own_verify(snapshot, policy, leaf, chain, verdict);
    const struct cg_finding *finding = accepted ? cg_verdict_audited(verdict) : NULL;
    if (finding) {
        reason = finding->reason;
        cg_error_set(err, "%s: %s", file, finding->detail);
    }
    cg_verdict_clear(verdict);
    OPENSSL_free(verdict);
    return reason;
}

static enum cg_reason audit_credentials(const struct cg_snapshot *snapshot, struct cg_error *err)
{
    const struct cg_listener_policy *policy;
    enum cg_reason reason = CG_REASON_UNSET;
    for (size_t i = 0; (policy = cg_policy_section(snapshot->policy, i)); i++) {
        const struct cg_credentials *credentials = cg_snapshot_credentials_of(snapshot, i);
        for (size_t k = 0; reason == CG_REASON_UNSET && k < credentials->count; k++) {
            const struct cg_credential *one = credentials->item[k];
            reason = audited(snapshot, policy, one->file, one->leaf, one->chain, err);
        }
    }
    return reason;
}

enum cg_reason cg_hook_audit_own(struct cg_error *err)
{
    const struct cg_snapshot *snapshot = cg_handlers_snapshot();
    if (!snapshot)
        return CG_REASON_UNSET;
    ERR_set_mark();
    enum cg_reason reason = audit_credentials(snapshot, err);
    for (const struct cg_context *context = cg_contexts_first(); context && !reason; context = context->next) {
        STACK_OF(X509) *chain = NULL;
        if (!cg_own_is_listeners(context) || !SSL_CTX_get0_chain_certs(context->ctx, &chain))
            continue;
        const struct cg_listener_policy *policy;
        for (size_t index = 0; !reason && (policy = serves_own(snapshot, &index));)
            reason = audited(snapshot, policy, "certfile", SSL_CTX_get0_certificate(context->ctx), chain, err);
    }
    ERR_pop_to_mark();
    return reason;
}
