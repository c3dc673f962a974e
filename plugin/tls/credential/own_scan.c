/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What each listener would serve, before any handshake asks for it.
 *
 * The port of an SSL_CTX is known from its first connection on. Until then it may be any listener's that has none yet: it
 * is refused where all of those refuse it, and a listener refuses where more of them are refused by its rules than the other
 * listeners can have. */
#include "own_scan.h"

#include "tls/openssl/context.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* ---- whose SSL_CTXs there are */

/* One certificate with its chain, by one listener's rules. */
struct judged {
    const struct cg_listener_policy *policy;
    struct cg_own_state state; /* without kind, id and port */
};

struct looking {
    const struct cg_snapshot *snapshot;
    cg_own_seen *seen;
    void *argument;
    struct judged *judged; /* owned: most often all listeners have the same certificate */
    size_t count;
    size_t unseen, listeners; /* SSL_CTXs whose port is not known; listeners of the policy that may have one of them */
    bool failed;              /* no memory */
};

static bool is_named(const struct cg_policy *policy, uint16_t port)
{
    for (size_t i = 0; i < policy->nlisteners; i++)
        if (policy->listeners[i].port == port)
            return true;
    return false;
}

static bool has_context(uint16_t port)
{
    const struct cg_context *context = cg_contexts_first();
    while (context && !(context->port == port && cg_own_is_listeners(context)))
        context = context->next;
    return context != NULL;
}

/* An entry that lets in clients without TLS where the policy else does not is of a listener without TLS. */
static bool may_be_unseen(const struct cg_policy *policy, const struct cg_listener_policy *listener)
{
    return !(listener->plain_allowed && !policy->base.plain_allowed) && !has_context(listener->port);
}

static void count_unseen(struct looking *looking)
{
    const struct cg_policy *policy = looking->snapshot->policy;
    for (const struct cg_context *context = cg_contexts_first(); context; context = context->next)
        looking->unseen += !context->port && cg_own_is_listeners(context);
    for (size_t i = 0; i < policy->nlisteners; i++)
        looking->listeners += may_be_unseen(policy, &policy->listeners[i]);
}

/* The rules of listener number index, where 0 are those that the policy does not name, if its listener may have an SSL_CTX of
 * the broker's own whose port is not known. Else NULL. */
static const struct cg_listener_policy *candidate(const struct looking *looking, size_t index)
{
    const struct cg_snapshot *snapshot = looking->snapshot;
    const struct cg_policy *policies = snapshot->policy;
    if (index == 0)
        return !snapshot->base_credential && looking->unseen > looking->listeners ? &policies->base : NULL;
    const struct cg_listener_policy *policy = &policies->listeners[index - 1];
    return !snapshot->credentials[index - 1] && looking->unseen && may_be_unseen(policies, policy) ? policy : NULL;
}

/* False: no memory. */
static bool digest_of(const X509 *leaf, const STACK_OF(X509) *chain, unsigned char out[CG_OWN_DIGEST])
{
    unsigned char one[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int count = chain ? sk_X509_num(chain) : 0; /* of no stack it is -1 */
    EVP_MD_CTX *all = EVP_MD_CTX_new();
    bool ok = all && EVP_DigestInit_ex(all, EVP_sha256(), NULL) == 1;
    for (int i = -1; ok && i < count; i++)
        ok = X509_digest(i < 0 ? leaf : sk_X509_value(chain, i), EVP_sha256(), one, &len) == 1 &&
             EVP_DigestUpdate(all, one, len) == 1;
    ok = ok && EVP_DigestFinal_ex(all, out, NULL) == 1;
    EVP_MD_CTX_free(all);
    return ok;
}

/* *out is filled but for kind, id and port. False: no memory, and looking->failed is set. */
static bool judge_once(struct looking *looking, const struct cg_listener_policy *policy,
                       const struct cg_context *context, struct cg_own_state *out)
{
    STACK_OF(X509) *chain = NULL;
    *out = (struct cg_own_state){.certificate = NULL};
    SSL_CTX_get0_chain_certs(context->ctx, &chain);
    if (!digest_of(SSL_CTX_get0_certificate(context->ctx), chain, out->digest)) {
        looking->failed = true;
        return false;
    }
    for (size_t i = 0; i < looking->count; i++)
        if (looking->judged[i].policy == policy &&
            memcmp(looking->judged[i].state.digest, out->digest, sizeof out->digest) == 0) {
            *out = looking->judged[i].state;
            return true;
        }
    cg_own_check_context(looking->snapshot, policy, context, out);
    struct judged *grown = realloc(looking->judged, (looking->count + 1) * sizeof *grown);
    if (grown) { /* without memory it is judged again */
        looking->judged = grown;
        grown[looking->count++] = (struct judged){policy, *out};
    }
    return true;
}

static void tell(struct looking *looking, enum cg_own_kind kind, uint64_t id, uint16_t port, struct cg_own_state *state)
{
    state->kind = kind;
    state->id = id;
    state->port = port;
    looking->seen(looking->argument, state);
}

/* ---- a look */

/* By the first of the listeners that may have it and accepts it, else by the first. False: there is none, or no memory. */
static bool judge_unseen(struct looking *looking, const struct cg_context *context, struct cg_own_state *out)
{
    bool any = false;
    for (size_t i = 0; i <= looking->snapshot->policy->nlisteners; i++) {
        struct cg_own_state one;
        const struct cg_listener_policy *policy = candidate(looking, i);
        if (!policy)
            continue;
        if (!judge_once(looking, policy, context, &one))
            return false;
        if (!any || one.reason == CG_REASON_OK)
            *out = one;
        any = true;
        if (one.reason == CG_REASON_OK)
            break;
    }
    return any;
}

static void look_at_context(struct looking *looking, const struct cg_context *context)
{
    const struct cg_snapshot *snapshot = looking->snapshot;
    struct cg_own_state state;
    if (!context->port) {
        if (judge_unseen(looking, context, &state))
            tell(looking, CG_OWN_CONTEXT, context->number, 0, &state);
        return;
    }
    const struct cg_listener_policy *policy = cg_policy_listener(snapshot->policy, context->port);
    if (cg_snapshot_credential(snapshot, context->port) || !judge_once(looking, policy, context, &state))
        return;
    state.port_known = true;
    tell(looking, CG_OWN_CONTEXT, context->number, is_named(snapshot->policy, context->port) ? context->port : 0,
         &state);
}

/* Which SSL_CTX it has is not known, but that it refuses: more are refused by its rules than the other listeners can have. What
 * all refuse is told by itself. */
static void look_at_unseen_listener(struct looking *looking, const struct cg_listener_policy *policy)
{
    size_t others = policy->port ? looking->unseen - 1 : looking->listeners, refused = 0;
    struct cg_own_state first = {.certificate = NULL}, accepted = {.certificate = NULL}, one, any;
    for (const struct cg_context *context = cg_contexts_first(); context; context = context->next) {
        if (context->port || !cg_own_is_listeners(context))
            continue;
        if (!judge_once(looking, policy, context, &one) || !judge_unseen(looking, context, &any))
            return;
        if (one.reason == CG_REASON_OK) {
            accepted = one;
            continue;
        }
        refused++;
        if (!first.certificate && any.reason == CG_REASON_OK)
            first = one;
    }
    if (refused > others && first.certificate)
        tell(looking, CG_OWN_LISTENER, policy->port, policy->port, &first);
    else if (refused <= others && accepted.certificate)
        tell(looking, CG_OWN_LISTENER, policy->port, policy->port, &accepted);
}

static void look_at_credential(struct looking *looking, const struct cg_listener_policy *policy,
                               const struct cg_credential *credential)
{
    struct cg_own_state state = {.credential = credential,
                                 .file = policy->credential_chain,
                                 .certificate = credential->leaf,
                                 .reason = CG_REASON_OK,
                                 .port_known = true,
                                 .until = INT64_MAX};
    if (!digest_of(credential->leaf, credential->chain, state.digest)) {
        looking->failed = true;
        return;
    }
    if (cg_credential_is_held(credential))
        cg_own_check(looking->snapshot, policy, credential->leaf, credential->chain, &state);
    tell(looking, CG_OWN_CREDENTIAL, policy->port, policy->port, &state);
}

bool cg_own_scan(const struct cg_snapshot *snapshot, cg_own_seen *seen, void *argument)
{
    struct looking looking = {.snapshot = snapshot, .seen = seen, .argument = argument};
    const struct cg_policy *policies = snapshot->policy;
    count_unseen(&looking);
    ERR_set_mark();
    for (size_t i = 0; i <= policies->nlisteners; i++) {
        const struct cg_listener_policy *policy = i ? &policies->listeners[i - 1] : &policies->base;
        const struct cg_credential *credential = i ? snapshot->credentials[i - 1] : snapshot->base_credential;
        if (credential)
            look_at_credential(&looking, policy, credential);
    }
    for (const struct cg_context *context = cg_contexts_first(); context; context = context->next)
        if (cg_own_is_listeners(context))
            look_at_context(&looking, context);
    for (size_t i = 0; i <= policies->nlisteners; i++) {
        const struct cg_listener_policy *policy = candidate(&looking, i);
        if (policy)
            look_at_unseen_listener(&looking, policy);
    }
    ERR_pop_to_mark();
    free(looking.judged);
    return !looking.failed;
}

uint64_t cg_own_ports_learned(void)
{
    return cg_contexts_ports_learned();
}
