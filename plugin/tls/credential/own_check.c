/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "own_check.h"

#include "core/cert/name.h"
#include "core/check.h"
#include "core/crl/crl.h"
#include "core/own_certificate.h"
#include "tls/conn/handlers.h"

#include <stdio.h>

bool cg_own_is_listeners(const struct cg_context *context)
{
    return SSL_CTX_get0_certificate(context->ctx) && SSL_CTX_get_ssl_method(context->ctx) != TLS_client_method();
}

bool cg_own_verify(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                   const STACK_OF(X509) *chain, struct cg_verdict *verdict)
{
    struct cg_check_input in = {
        .profile = &policy->server,
        .trust = snapshot->server_trust,
        .purpose = CG_PURPOSE_SERVER,
        .leaf = leaf,
        .sent = chain,
        .now = cg_handlers_now(),
    };
    cg_check(&in, verdict);
    return verdict->decision == CG_ACCEPT;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t lasts_until(const struct cg_snapshot *snapshot, const struct cg_profile *profile, const X509 *leaf,
                           const struct cg_verdict *verdict)
{
    const struct cg_crl_params terms = {.now = cg_handlers_now(),
                                        .max_age = profile->crl_max_age,
                                        .grace = profile->crl_grace,
                                        .skew = profile->clock_skew};
    int64_t until = verdict->not_after, not_after = 0;
    if (profile->min_remaining > 0 && cg_time_seconds(X509_get0_notAfter(leaf), &not_after))
        until = earlier(until, not_after - profile->min_remaining);
    return earlier(until, cg_crl_set_next_change(cg_trust_crls(snapshot->server_trust), &terms) - 1);
}

void cg_own_check(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                  const STACK_OF(X509) *chain, struct cg_own_state *out)
{
    struct cg_verdict *verdict = OPENSSL_zalloc(sizeof *verdict);
    struct cg_own_fault fault = {CG_REASON_NO_MEMORY, false, "out of memory"};
    if (verdict) {
        (void)cg_own_verify(snapshot, policy, leaf, chain, verdict);
        fault = cg_own_fault(verdict);
        out->until = lasts_until(snapshot, &policy->server, leaf, verdict);
    }
    out->certificate = leaf;
    out->reason = fault.reason;
    out->of_time = fault.of_time;
    snprintf(out->detail, sizeof out->detail, "%s", fault.detail);
    cg_verdict_clear(verdict);
    OPENSSL_free(verdict);
}

void cg_own_check_context(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy,
                          const struct cg_context *context, struct cg_own_state *out)
{
    STACK_OF(X509) *chain = NULL;
    if (SSL_CTX_get0_chain_certs(context->ctx, &chain)) {
        cg_own_check(snapshot, policy, SSL_CTX_get0_certificate(context->ctx), chain, out);
        return;
    }
    out->certificate = SSL_CTX_get0_certificate(context->ctx);
    out->reason = CG_REASON_INTERNAL_ERROR;
    out->of_time = false;
    snprintf(out->detail, sizeof out->detail, "cannot read the certificate chain");
}
