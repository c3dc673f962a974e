/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What each listener would serve, before any handshake asks for it.
 *
 * The port of an SSL_CTX is known from its first connection on. Until then it may be any listener's that has none yet: it
 * is refused where all of those refuse it, and a listener refuses where more of them are refused by its rules than the other
 * listeners can have. */
#include "core/check.h"
#include "core/crl.h"
#include "core/name.h"
#include "core/own_certificate.h"
#include "own_private.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

bool cg_own_is_listeners(const struct cg_context *context)
{
    return SSL_CTX_get0_certificate(context->ctx) && SSL_CTX_get_ssl_method(context->ctx) != TLS_client_method();
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t lasts_until(const struct cg_snapshot *snapshot, const struct cg_profile *profile, const X509 *leaf,
                           const struct cg_verdict *verdict)
{
    const struct cg_crl_terms terms = {.now = cg_hook.handlers.now(cg_hook.handlers.context),
                                       .max_age = profile->crl_max_age,
                                       .grace = profile->crl_grace,
                                       .skew = profile->clock_skew};
    int64_t until = verdict->not_after ? verdict->not_after : INT64_MAX, not_after = 0;
    if (profile->min_remaining > 0 && cg_time_seconds(X509_get0_notAfter(leaf), &not_after))
        until = earlier(until, not_after - profile->min_remaining);
    return earlier(until, cg_crl_set_next_change(cg_trust_crls(snapshot->trust), &terms) - 1);
}

static void judge(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                  const STACK_OF(X509) *chain, struct cg_own_state *out)
{
    struct cg_verdict *verdict = OPENSSL_zalloc(sizeof *verdict);
    struct cg_own_fault fault = {CG_REASON_NO_MEMORY, false, "no memory"};
    if (verdict) {
        (void)cg_own_examine(snapshot, policy, leaf, chain, verdict);
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

void cg_own_judge(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy,
                  const struct cg_context *context, struct cg_own_state *out)
{
    STACK_OF(X509) *chain = NULL;
    if (SSL_CTX_get0_chain_certs(context->ctx, &chain)) {
        judge(snapshot, policy, SSL_CTX_get0_certificate(context->ctx), chain, out);
        return;
    }
    out->certificate = SSL_CTX_get0_certificate(context->ctx);
    out->reason = CG_REASON_INTERNAL_ERROR;
    out->of_time = false;
    snprintf(out->detail, sizeof out->detail, "the chain can't be read");
}

/* ---- whose SSL_CTXs there are */

/* A certificate of the broker's own, in however many SSL_CTXs. */
struct own {
    const struct cg_context *context;           /* the first that has it */
    size_t unseen;                              /* of them, those whose port is not known yet */
    const struct cg_listener_policy *candidate; /* the first listener that may have one of those */
    size_t candidates;
    bool accepted; /* by a candidate */
    bool told;     /* that it is refused */
};

struct looking {
    const struct cg_snapshot *snapshot;
    cg_own_seen *seen;
    void *argument;
    struct own *own; /* owned */
    size_t count;
    size_t unseen, listeners; /* SSL_CTXs without port; listeners of the policy without SSL_CTX */
};

static X509 *leaf_of(const struct cg_context *context)
{
    return SSL_CTX_get0_certificate(context->ctx);
}

static bool has(const struct cg_context *context, const struct own *own)
{
    return cg_own_is_listeners(context) && X509_cmp(leaf_of(context), leaf_of(own->context)) == 0;
}

static bool is_named(const struct cg_policy *policy, uint16_t port)
{
    for (size_t i = 0; i < policy->nlisteners; i++)
        if (policy->listeners[i].port == port)
            return true;
    return false;
}

static bool has_context(uint16_t port)
{
    const struct cg_context *context = cg_hook.contexts;
    while (context && !(context->port == port && cg_own_is_listeners(context)))
        context = context->next;
    return context != NULL;
}

/* An entry that lets in clients without TLS where the policy else does not is of a listener without TLS. */
static bool may_be_unseen(const struct cg_policy *policy, const struct cg_listener_policy *listener)
{
    return !(listener->plain_allowed && !policy->base.plain_allowed) && !has_context(listener->port);
}

static void add(struct looking *looking, const struct cg_context *context)
{
    size_t i = 0;
    while (i < looking->count && !has(context, &looking->own[i]))
        i++;
    if (i == looking->count)
        looking->own[looking->count++].context = context;
    looking->own[i].unseen += !context->port;
    looking->unseen += !context->port;
}

/* False: no memory. */
static bool find_all(struct looking *looking)
{
    const struct cg_policy *policy = looking->snapshot->policy;
    size_t contexts = 0;
    for (const struct cg_context *context = cg_hook.contexts; context; context = context->next)
        contexts += cg_own_is_listeners(context);
    looking->own = calloc(contexts + 1, sizeof *looking->own);
    if (!looking->own)
        return false;
    for (const struct cg_context *context = cg_hook.contexts; context; context = context->next)
        if (cg_own_is_listeners(context))
            add(looking, context);
    for (size_t i = 0; i < policy->nlisteners; i++)
        looking->listeners += may_be_unseen(policy, &policy->listeners[i]);
    return true;
}

/* ---- by listener */

static bool is_its(const struct cg_policy *policies, const struct cg_listener_policy *policy, const struct own *own)
{
    for (const struct cg_context *context = own->context; context; context = context->next) {
        bool its = policy->port ? context->port == policy->port : context->port && !is_named(policies, context->port);
        if (its && has(context, own))
            return true;
    }
    return false;
}

/* Returns whether the listener accepts it. */
static bool tell(struct looking *looking, const struct cg_listener_policy *policy, uint16_t port, struct own *own,
                 bool even_refused)
{
    struct cg_own_state state = {.port = port};
    cg_own_judge(looking->snapshot, policy, own->context, &state);
    bool accepted = state.reason == CG_REASON_OK;
    if (accepted || even_refused) {
        own->told = own->told || !accepted;
        looking->seen(looking->argument, &state);
    }
    return accepted;
}

static void look_at_own(struct looking *looking, const struct cg_listener_policy *policy)
{
    const struct cg_policy *policies = looking->snapshot->policy;
    size_t others = policy->port ? looking->unseen - 1 : looking->listeners, refused = 0;
    bool has_unseen = policy->port ? looking->unseen && may_be_unseen(policies, policy) : looking->unseen > others;
    struct own *first = NULL;
    for (size_t i = 0; i < looking->count; i++) {
        struct own *own = &looking->own[i];
        bool its = is_its(policies, policy, own), may_be = has_unseen && own->unseen;
        if (!its && !may_be)
            continue;
        bool accepted = tell(looking, policy, policy->port, own, its);
        if (!may_be)
            continue;
        own->accepted = own->accepted || accepted;
        own->candidate = own->candidates++ ? own->candidate : policy;
        if (accepted || its)
            continue;
        refused += own->unseen;
        first = first ? first : own;
    }
    if (refused > others)
        tell(looking, policy, policy->port, first, true);
}

bool cg_own_look(const struct cg_snapshot *snapshot, cg_own_seen *seen, void *argument)
{
    struct looking looking = {.snapshot = snapshot, .seen = seen, .argument = argument};
    const struct cg_policy *policies = snapshot->policy;
    if (!find_all(&looking))
        return false;
    ERR_set_mark();
    for (size_t i = 0; i <= policies->nlisteners; i++) {
        const struct cg_listener_policy *policy = i ? &policies->listeners[i - 1] : &policies->base;
        const struct cg_credential *credential = i ? snapshot->credentials[i - 1] : snapshot->base_credential;
        if (!credential) {
            look_at_own(&looking, policy);
            continue;
        }
        struct cg_own_state state = {.port = policy->port,
                                     .credential = credential,
                                     .file = policy->credential_chain,
                                     .certificate = credential->leaf,
                                     .reason = CG_REASON_OK,
                                     .until = INT64_MAX};
        if (cg_credential_is_held(credential))
            judge(snapshot, policy, credential->leaf, credential->chain, &state);
        seen(argument, &state);
    }
    for (size_t i = 0; i < looking.count; i++) {
        struct own *own = &looking.own[i];
        if (own->candidates && !own->accepted && !own->told) /* whoever has it */
            tell(&looking, own->candidate, own->candidates == 1 ? own->candidate->port : 0, own, true);
    }
    ERR_pop_to_mark();
    free(looking.own);
    return true;
}
