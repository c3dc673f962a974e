/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The scan must report certificates before the port of an SSL_CTX is known, which its first connection shows. Until
 * then the SSL_CTX is "unassigned": it may belong to any listener without one. It is refused if all of those refuse
 * it. A listener is refused if its rules refuse more unassigned SSL_CTXs than the other listeners can have. */
#include "own_scan.h"

#include "own_certificate.h"
#include "tls/openssl/context.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* ---- SSL_CTXs and their listeners */

/* The state of one certificate with its chain under one listener's rules. */
struct cached_state {
    const struct cg_listener_policy *policy;
    struct cg_own_state state; /* without kind, id and port */
};

struct scan {
    const struct cg_snapshot *snapshot;
    cg_own_report *report;
    void *argument;
    struct cached_state *cached; /* owned: results so far, since most listeners have the same certificate */
    size_t count;
    size_t unassigned, listeners; /* number of SSL_CTXs with unknown port; of listeners that may have one of them */
    bool failed;                  /* out of memory */
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

/* An entry that allows clients without TLS, although the top level does not, is for a listener without TLS. */
static bool may_have_unassigned(const struct cg_policy *policy, const struct cg_listener_policy *listener)
{
    return !(listener->plain_allowed && !policy->base.plain_allowed) && !has_context(listener->port);
}

static void count_unassigned(struct scan *scan)
{
    const struct cg_policy *policy = scan->snapshot->policy;
    for (const struct cg_context *context = cg_contexts_first(); context; context = context->next)
        scan->unassigned += !context->port && cg_own_is_listeners(context);
    for (size_t i = 0; i < policy->nlisteners; i++)
        scan->listeners += may_have_unassigned(policy, &policy->listeners[i]);
}

/* The policy of listener number index (0: all listeners that the policy does not name) if it may have an unassigned
 * SSL_CTX, else NULL. */
static const struct cg_listener_policy *candidate(const struct scan *scan, size_t index)
{
    const struct cg_policy *policies = scan->snapshot->policy;
    const struct cg_listener_policy *policy = cg_policy_section(policies, index);
    bool may_have = index ? scan->unassigned && may_have_unassigned(policies, policy)
                          : scan->unassigned > scan->listeners;
    return may_have && !cg_snapshot_credentials_of(scan->snapshot, index)->count ? policy : NULL;
}

/* False: out of memory. */
static bool digest_of(const X509 *leaf, const STACK_OF(X509) *chain, unsigned char out[CG_OWN_DIGEST])
{
    unsigned char one[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int count = chain ? sk_X509_num(chain) : 0; /* without a stack it is -1 */
    EVP_MD_CTX *all = EVP_MD_CTX_new();
    bool ok = all && EVP_DigestInit_ex(all, EVP_sha256(), NULL) == 1;
    for (int i = -1; ok && i < count; i++)
        ok = X509_digest(i < 0 ? leaf : sk_X509_value(chain, i), EVP_sha256(), one, &len) == 1 &&
             EVP_DigestUpdate(all, one, len) == 1;
    ok = ok && EVP_DigestFinal_ex(all, out, NULL) == 1;
    EVP_MD_CTX_free(all);
    return ok;
}

/* Fills *out except kind, id and port. False: out of memory, and scan->failed is set. */
static bool check_cached(struct scan *scan, const struct cg_listener_policy *policy, const struct cg_context *context,
                         struct cg_own_state *out)
{
    STACK_OF(X509) *chain = NULL;
    *out = (struct cg_own_state){.certificate = NULL};
    SSL_CTX_get0_chain_certs(context->ctx, &chain);
    if (!digest_of(SSL_CTX_get0_certificate(context->ctx), chain, out->digest)) {
        scan->failed = true;
        return false;
    }
    for (size_t i = 0; i < scan->count; i++)
        if (scan->cached[i].policy == policy &&
            memcmp(scan->cached[i].state.digest, out->digest, sizeof out->digest) == 0) {
            *out = scan->cached[i].state;
            return true;
        }
    cg_own_check_context(scan->snapshot, policy, context, out);
    struct cached_state *grown = realloc(scan->cached, (scan->count + 1) * sizeof *grown);
    if (grown) { /* out of memory: it is checked again */
        scan->cached = grown;
        grown[scan->count++] = (struct cached_state){policy, *out};
    }
    return true;
}

static void report_state(struct scan *scan, enum cg_own_kind kind, uint64_t id, uint16_t port,
                         struct cg_own_state *state)
{
    state->kind = kind;
    state->id = id;
    state->port = port;
    scan->report(scan->argument, state);
}

/* ---- the scan */

/* The state under the first listener that may have it and accepts it, else under the first. False: none may have it,
 * or out of memory. */
static bool check_unassigned(struct scan *scan, const struct cg_context *context, struct cg_own_state *out)
{
    bool any = false;
    for (size_t i = 0; i <= scan->snapshot->policy->nlisteners; i++) {
        struct cg_own_state one;
        const struct cg_listener_policy *policy = candidate(scan, i);
        if (!policy)
            continue;
        if (!check_cached(scan, policy, context, &one))
            return false;
        if (!any || one.reason == CG_REASON_OK)
            *out = one;
        any = true;
        if (one.reason == CG_REASON_OK)
            break;
    }
    return any;
}

static void scan_context(struct scan *scan, const struct cg_context *context)
{
    const struct cg_snapshot *snapshot = scan->snapshot;
    struct cg_own_state state;
    if (!context->port) {
        if (check_unassigned(scan, context, &state))
            report_state(scan, CG_OWN_CONTEXT, context->number, 0, &state);
        return;
    }
    const struct cg_listener_policy *policy = cg_policy_listener(snapshot->policy, context->port);
    if (cg_snapshot_credentials(snapshot, context->port)->count || !check_cached(scan, policy, context, &state))
        return;
    state.port_known = true;
    report_state(scan, CG_OWN_CONTEXT, context->number, is_named(snapshot->policy, context->port) ? context->port : 0,
                 &state);
}

/* A listener refuses its certificate if its rules refuse more unassigned SSL_CTXs than the other listeners can have,
 * whichever it has. An SSL_CTX that all listeners refuse is reported by scan_context. */
static void scan_unassigned_listener(struct scan *scan, const struct cg_listener_policy *policy)
{
    size_t others = policy->port ? scan->unassigned - 1 : scan->listeners, refused = 0;
    struct cg_own_state first = {.certificate = NULL}, accepted = {.certificate = NULL}, one, any;
    for (const struct cg_context *context = cg_contexts_first(); context; context = context->next) {
        if (context->port || !cg_own_is_listeners(context))
            continue;
        if (!check_cached(scan, policy, context, &one) || !check_unassigned(scan, context, &any))
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
        report_state(scan, CG_OWN_LISTENER, policy->port, policy->port, &first);
    else if (refused <= others && accepted.certificate)
        report_state(scan, CG_OWN_LISTENER, policy->port, policy->port, &accepted);
}

static void scan_credential(struct scan *scan, const struct cg_listener_policy *policy,
                            const struct cg_credentials *credentials, size_t index)
{
    const struct cg_credential *credential = credentials->item[index];
    struct cg_own_state state = {.credential = credential,
                                 .has_others = credentials->count > 1,
                                 .file = credential->file,
                                 .certificate = credential->leaf,
                                 .reason = CG_REASON_OK,
                                 .port_known = true,
                                 .until = INT64_MAX};
    if (!digest_of(credential->leaf, credential->chain, state.digest)) {
        scan->failed = true;
        return;
    }
    if (cg_credential_is_held(credential))
        cg_own_check(scan->snapshot, policy, credential->leaf, credential->chain, &state);
    report_state(scan, CG_OWN_CREDENTIAL, (uint64_t)index << 16 | policy->port, policy->port, &state);
}

bool cg_own_scan(const struct cg_snapshot *snapshot, cg_own_report *report, void *argument)
{
    struct scan scan = {.snapshot = snapshot, .report = report, .argument = argument};
    const struct cg_policy *policies = snapshot->policy;
    cg_own_update_strength();
    count_unassigned(&scan);
    ERR_set_mark();
    for (size_t i = 0; i <= policies->nlisteners; i++) {
        const struct cg_credentials *credentials = cg_snapshot_credentials_of(snapshot, i);
        for (size_t k = 0; k < credentials->count; k++)
            scan_credential(&scan, cg_policy_section(policies, i), credentials, k);
    }
    for (const struct cg_context *context = cg_contexts_first(); context; context = context->next)
        if (cg_own_is_listeners(context))
            scan_context(&scan, context);
    for (size_t i = 0; i <= policies->nlisteners; i++) {
        const struct cg_listener_policy *policy = candidate(&scan, i);
        if (policy)
            scan_unassigned_listener(&scan, policy);
    }
    ERR_pop_to_mark();
    free(scan.cached);
    return !scan.failed;
}

uint64_t cg_own_ports_learned(void)
{
    return cg_contexts_ports_learned();
}
