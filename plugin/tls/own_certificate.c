/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Looks at the certificates that would be served, before any handshake asks for them. */
#include "own_certificate.h"

#include "ciphers.h"
#include "core/check.h"
#include "core/own_certificate.h"
#include "private.h"
#include "prove.h"

#include <openssl/err.h>
#include <stdio.h>

/* The listener policies whose port serves the broker's own certificate. index 0 is the base; NULL past the end. */
static const struct cg_listener_policy *serves_own(const struct cg_snapshot *snapshot, size_t *index)
{
    for (; *index <= snapshot->policy->nlisteners; ++*index) {
        size_t i = *index;
        const struct cg_listener_policy *policy = i ? &snapshot->policy->listeners[i - 1] : &snapshot->policy->base;
        if (i ? !cg_snapshot_credential(snapshot, policy->port) : !snapshot->base_credential) {
            ++*index;
            return policy;
        }
    }
    return NULL;
}

static bool is_a_listeners(const struct cg_context *context)
{
    return SSL_CTX_get0_certificate(context->ctx) && SSL_CTX_get_ssl_method(context->ctx) != TLS_client_method();
}

/* Of one certificate and one listener's rules. No memory, no chain: refused. */
static void look(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                 const STACK_OF(X509) *chain, struct cg_own_state *out)
{
    struct cg_verdict *verdict = OPENSSL_zalloc(sizeof *verdict);
    struct cg_own_fault fault = {CG_REASON_NO_MEMORY, false, "no memory"};
    if (verdict) {
        (void)cg_own_examine(snapshot, policy, leaf, chain, verdict);
        fault = cg_own_fault(verdict);
    }
    out->certificate = leaf;
    out->reason = fault.reason;
    out->of_time = fault.of_time;
    snprintf(out->detail, sizeof out->detail, "%s", fault.detail);
    cg_verdict_clear(verdict);
    OPENSSL_free(verdict);
}

static void look_at_context(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy,
                            const struct cg_context *context, struct cg_own_state *out)
{
    STACK_OF(X509) *chain = NULL;
    if (SSL_CTX_get0_chain_certs(context->ctx, &chain)) {
        look(snapshot, policy, SSL_CTX_get0_certificate(context->ctx), chain, out);
        return;
    }
    out->certificate = SSL_CTX_get0_certificate(context->ctx);
    out->reason = CG_REASON_INTERNAL_ERROR;
    snprintf(out->detail, sizeof out->detail, "the chain can't be read");
}

/* ---- by listener */

static bool is_named(const struct cg_policy *policy, uint16_t port)
{
    for (size_t i = 0; i < policy->nlisteners; i++)
        if (policy->listeners[i].port == port)
            return true;
    return false;
}

/* SSL_CTXs whose port was not seen yet, and listeners of the policy that may be theirs. */
struct unseen {
    size_t contexts, listeners;
};

static bool has_context(uint16_t port)
{
    const struct cg_context *context = cg_hook.contexts;
    while (context && !(context->port == port && is_a_listeners(context)))
        context = context->next;
    return context != NULL;
}

/* An entry that lets in clients without TLS where the policy else does not is of a listener without TLS. */
static bool may_be_unseen(const struct cg_policy *policy, const struct cg_listener_policy *listener)
{
    return !(listener->plain_allowed && !policy->base.plain_allowed) && !has_context(listener->port);
}

static struct unseen count_unseen(const struct cg_policy *policy)
{
    struct unseen unseen = {0, 0};
    for (const struct cg_context *context = cg_hook.contexts; context; context = context->next)
        unseen.contexts += !context->port && is_a_listeners(context);
    for (size_t i = 0; i < policy->nlisteners; i++)
        unseen.listeners += may_be_unseen(policy, &policy->listeners[i]);
    return unseen;
}

/* One that is refused: where it is known to be this listener's, or where more that may be are refused than other listeners can
 * have. Else one that is accepted. */
static void look_at_own(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy,
                        struct cg_own_state *out)
{
    const struct unseen unseen = count_unseen(snapshot->policy);
    size_t others = policy->port ? unseen.contexts - 1 : unseen.listeners, refused = 0;
    bool has_unseen = policy->port ? may_be_unseen(snapshot->policy, policy) : unseen.contexts > unseen.listeners;
    struct cg_own_state one = *out;
    for (const struct cg_context *context = cg_hook.contexts; context; context = context->next) {
        bool is_its = policy->port ? context->port == policy->port
                                   : context->port && !is_named(snapshot->policy, context->port);
        if (!is_a_listeners(context) || !(is_its || (!context->port && has_unseen)))
            continue;
        /* most often all have the same */
        if (!one.certificate || X509_cmp(one.certificate, SSL_CTX_get0_certificate(context->ctx)) != 0)
            look_at_context(snapshot, policy, context, &one);
        bool accepted = one.reason == CG_REASON_OK;
        refused += !accepted && !is_its;
        if (accepted || is_its || refused > others)
            *out = one;
        if (!accepted && (is_its || refused > others))
            return;
    }
}

bool cg_own_look(const struct cg_snapshot *snapshot, size_t index, struct cg_own_state *out)
{
    const struct cg_policy *policies = snapshot->policy;
    if (index > policies->nlisteners)
        return false;
    const struct cg_listener_policy *policy = index ? &policies->listeners[index - 1] : &policies->base;
    const struct cg_credential *credential = index ? snapshot->credentials[index - 1] : snapshot->base_credential;
    *out = (struct cg_own_state){.port = policy->port, .reason = CG_REASON_OK, .credential = credential};
    ERR_set_mark();
    if (!credential) {
        look_at_own(snapshot, policy, out);
    } else {
        out->file = policy->credential_chain;
        out->certificate = credential->leaf;
        if (cg_credential_is_held(credential))
            look(snapshot, policy, credential->leaf, credential->chain, out);
    }
    ERR_pop_to_mark();
    return true;
}

static struct cg_strength strength_of(const struct cg_context *context)
{
    STACK_OF(X509) *chain = NULL;
    X509 *leaf = SSL_CTX_get0_certificate(context->ctx);
    SSL_CTX_get0_chain_certs(context->ctx, &chain);
    return cg_strength_of(leaf, chain);
}

void cg_own_strength_note(void)
{
    struct cg_strength all = {0, 0};
    for (const struct cg_context *context = cg_hook.contexts; context; context = context->next) {
        if (!is_a_listeners(context))
            continue;
        const struct cg_strength one = strength_of(context);
        cg_strength_add(&all, &one);
    }
    cg_prove_own_strength(&all);
}

/* ---- at the start */

/* Clients find a cipher for the certificate. index: as serves_own() left it. */
static bool has_cipher(const struct cg_context *context, const struct cg_snapshot *snapshot,
                       const struct cg_listener_policy *policy, size_t index, struct cg_own_state *out)
{
    const struct cg_strength strength = strength_of(context);
    struct cg_error err = {""};
    char section[64] = "$.tls";
    if (index > 1)
        snprintf(section, sizeof section, "$.listeners[%zu].tls", index - 2);
    cg_hook.origin_forced = CG_ORIGIN_FOREIGN; /* the SSL_CTX that is made meanwhile is no listener's */
    bool ok = cg_ciphers_fit(snapshot->policy->name, section, &policy->tls, &strength, "certfile", &err);
    cg_hook.origin_forced = CG_ORIGIN_UNKNOWN;
    if (!ok) {
        out->reason = CG_REASON_POLICY_INVALID;
        snprintf(out->detail, sizeof out->detail, "%s", err.text);
    }
    return ok;
}

static bool is_hopeless(const struct cg_context *context, const struct cg_snapshot *snapshot, struct cg_own_state *out)
{
    const struct cg_listener_policy *policy;
    bool refused = false;
    if (!is_a_listeners(context))
        return false; /* PSK listener, or bridge */
    for (size_t index = 0; (policy = serves_own(snapshot, &index)); refused = true) {
        struct cg_own_state one = {.port = 0};
        look_at_context(snapshot, policy, context, &one);
        bool passes = one.reason == CG_REASON_OK || one.of_time;
        if (passes && has_cipher(context, snapshot, policy, index, &one))
            return false;
        if (!refused)
            *out = one;
    }
    return refused;
}

bool cg_own_is_hopeless(const struct cg_snapshot *snapshot, struct cg_own_state *out)
{
    bool found = false;
    *out = (struct cg_own_state){.reason = CG_REASON_INTERNAL_ERROR};
    if (cg_hook.blind) {
        snprintf(out->detail, sizeof out->detail, "it can't be found: no memory when a listener was opened");
        return true;
    }
    ERR_set_mark();
    for (const struct cg_context *context = cg_hook.contexts; context && !found; context = context->next)
        found = is_hopeless(context, snapshot, out);
    ERR_pop_to_mark();
    return found;
}

const X509 *cg_hook_own_certificate(const struct cg_snapshot *snapshot, size_t index)
{
    size_t any = 0;
    if (!serves_own(snapshot, &any))
        return NULL;
    for (const struct cg_context *context = cg_hook.contexts; context; context = context->next) {
        const X509 *leaf = SSL_CTX_get0_certificate(context->ctx);
        bool replaced = context->port && cg_snapshot_credential(snapshot, context->port);
        if (leaf && !replaced && SSL_CTX_get_ssl_method(context->ctx) != TLS_client_method() && index-- == 0)
            return leaf;
    }
    return NULL;
}

/* CG_REASON_UNSET: nothing is only audited. */
static enum cg_reason audited(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                              const STACK_OF(X509) *chain, struct cg_error *err)
{
    enum cg_reason reason = CG_REASON_UNSET;
    struct cg_verdict *verdict = OPENSSL_zalloc(sizeof *verdict);
    bool accepted = verdict && cg_own_examine(snapshot, policy, leaf, chain, verdict);
    const struct cg_finding *finding = accepted ? cg_verdict_audited(verdict) : NULL;
    if (finding) {
        reason = finding->reason;
        cg_error_set(err, "%s: %s", policy->credential_chain ? policy->credential_chain : "certfile", finding->detail);
    }
    cg_verdict_clear(verdict);
    OPENSSL_free(verdict);
    return reason;
}

static enum cg_reason audit_credentials(const struct cg_snapshot *snapshot, struct cg_error *err)
{
    const struct cg_policy *policy = snapshot->policy;
    const struct cg_credential *base = snapshot->base_credential;
    enum cg_reason reason = base ? audited(snapshot, &policy->base, base->leaf, base->chain, err) : CG_REASON_UNSET;
    for (size_t i = 0; reason == CG_REASON_UNSET && i < policy->nlisteners; i++)
        if (snapshot->credentials && snapshot->credentials[i])
            reason = audited(snapshot, &policy->listeners[i], snapshot->credentials[i]->leaf,
                             snapshot->credentials[i]->chain, err);
    return reason;
}

enum cg_reason cg_hook_audit_own(struct cg_error *err)
{
    const struct cg_snapshot *snapshot = cg_hook.installs > 0 ? cg_hook.handlers.snapshot(cg_hook.handlers.context)
                                                              : NULL;
    if (!snapshot)
        return CG_REASON_UNSET;
    ERR_set_mark();
    enum cg_reason reason = audit_credentials(snapshot, err);
    for (const struct cg_context *context = cg_hook.contexts; context && !reason; context = context->next) {
        X509 *leaf = SSL_CTX_get0_certificate(context->ctx);
        STACK_OF(X509) *chain = NULL;
        if (!leaf || SSL_CTX_get_ssl_method(context->ctx) == TLS_client_method() ||
            !SSL_CTX_get0_chain_certs(context->ctx, &chain))
            continue;
        const struct cg_listener_policy *policy;
        for (size_t index = 0; !reason && (policy = serves_own(snapshot, &index));)
            reason = audited(snapshot, policy, leaf, chain, err);
    }
    ERR_pop_to_mark();
    return reason;
}
