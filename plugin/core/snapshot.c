/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot.h"

#include "check.h"
#include "policy_changes.h"
#include "policy_parse.h"

#include <stdlib.h>
#include <string.h>

static bool no_memory(struct cg_error *err)
{
    cg_error_set(err, "snapshot: out of memory");
    return false;
}

static bool load_policy(struct cg_snapshot *snapshot, const struct cg_snapshot_source *source, struct cg_error *err)
{
    if (!source->policy == !source->anchors) {
        cg_error_set(err, "expected either a policy file or a file of trust anchors");
        return false;
    }
    snapshot->policy = source->policy ? cg_policy_load(source->policy, err) : cg_policy_default(source->anchors, err);
    if (!snapshot->policy || !source->event_log)
        return snapshot->policy != NULL;
    snapshot->policy->log.file = cg_store_text(snapshot->policy->store, source->event_log);
    return snapshot->policy->log.file || no_memory(err);
}

/* What one load reads from and leaves its marks in. */
struct loading {
    const struct cg_snapshot *previous;
    struct cg_stamps *seen; /* may be NULL */
    int64_t now;
    enum cg_reason *stage; /* what a failure from here on is called */
    struct cg_error *err;
};

static bool mark(const struct loading *loading, const char *path)
{
    return !loading->seen || !path || cg_stamps_add(loading->seen, path) || no_memory(loading->err);
}

static bool mark_all(const struct loading *loading, const struct cg_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        if (!mark(loading, stamps->item[i].path))
            return false;
    return true;
}

/* A trust store of the same unchanged files is shared, with its CRL indexes. */
static struct cg_trust *load_trust(const struct loading *loading, const struct cg_trust_files *files,
                                   struct cg_stamps *stamps, struct cg_trust *old, const struct cg_stamps *old_stamps)
{
    if (!cg_trust_stamp(files, stamps)) {
        no_memory(loading->err);
        return NULL;
    }
    if (!mark_all(loading, stamps))
        return NULL;
    if (old && cg_stamps_equal(stamps, old_stamps) && cg_trust_has_extended_crls(old) == files->crl_extended)
        return cg_trust_take(old);
    struct cg_trust_files certificates = *files, crls = {.crls = files->crls};
    certificates.crls = crls.anchors;
    struct cg_trust *trust = cg_trust_new();
    *loading->stage = CG_REASON_TRUST_INVALID;
    if (!trust)
        no_memory(loading->err);
    else if (cg_trust_load(trust, &certificates, loading->now, loading->err) &&
             (*loading->stage = CG_REASON_CRL_INVALID) && cg_trust_load(trust, &crls, loading->now, loading->err) &&
             (!old || cg_crl_set_not_older(cg_trust_crls(trust), cg_trust_crls(old), loading->err)))
        return trust;
    cg_trust_free(trust);
    return NULL;
}

static bool load_trusts(struct cg_snapshot *snapshot, const struct loading *loading)
{
    const struct cg_snapshot *old = loading->previous;
    const struct cg_policy *policy = snapshot->policy;
    snapshot->trust = load_trust(loading, &policy->trust, &snapshot->trust_files, old ? old->trust : NULL,
                                 old ? &old->trust_files : NULL);
    if (!snapshot->trust || policy->bridge_trust.anchors.count == 0) {
        snapshot->bridge_trust = snapshot->trust;
        return snapshot->trust != NULL;
    }
    bool had_own = old && old->bridge_trust != old->trust;
    snapshot->bridge_trust = load_trust(loading, &policy->bridge_trust, &snapshot->bridge_trust_files,
                                        had_own ? old->bridge_trust : NULL, had_own ? &old->bridge_trust_files : NULL);
    return snapshot->bridge_trust != NULL;
}

/* What clients would be shown must pass what clients would check. */
static bool accepted(const struct cg_credential *credential, const struct cg_listener_policy *listener,
                     const struct cg_trust *trust, int64_t now, struct cg_error *err)
{
    struct cg_verdict verdict;
    struct cg_check_input in = {.profile = &listener->server,
                                .trust = trust,
                                .purpose = CG_PURPOSE_SERVER,
                                .leaf = credential->leaf,
                                .sent = credential->chain,
                                .now = now};
    cg_check(&in, &verdict);
    bool ok = verdict.decision == CG_ACCEPT;
    if (!ok) {
        const struct cg_reason_row *row = cg_reason_row(verdict.reason);
        cg_error_set(err, "%s: refused by the server policy: %s: %s %s; %s", listener->credential_chain, row->code,
                     row->sentence, verdict.detail, row->hint);
    }
    cg_verdict_clear(&verdict);
    return ok;
}

/* Clients would not find the broker again. Where the policy lists the names, the list decides. */
static bool keeps_names(const struct cg_credential *fresh, const struct cg_listener_policy *listener,
                        const struct cg_snapshot *previous, struct cg_error *err)
{
    char missing[200] = "";
    const struct cg_credential *old = previous ? cg_snapshot_credential(previous, listener->port) : NULL;
    if (!old || listener->server.names.count > 0 || cg_credential_covers(fresh, old, missing, sizeof missing))
        return true;
    cg_error_set(err,
                 "%s: expected the names of the certificate in use, found none like %s; issue it with that name, or "
                 "list the names that matter in server.names of the policy",
                 listener->credential_chain, missing);
    return false;
}

/* *out stays NULL where the policy names no credential. */
static bool load_credential(const struct cg_snapshot *snapshot, const struct cg_listener_policy *listener,
                            const struct loading *loading, struct cg_credential **out)
{
    if (!listener->credential_chain)
        return true;
    if (!mark(loading, listener->credential_chain) || !mark(loading, listener->credential_key))
        return false;
    *out = cg_credential_load(listener->credential_chain, listener->credential_key, loading->err);
    return *out && accepted(*out, listener, snapshot->trust, loading->now, loading->err) &&
           keeps_names(*out, listener, loading->previous, loading->err);
}

static bool load_credentials(struct cg_snapshot *snapshot, const struct loading *loading)
{
    const struct cg_policy *policy = snapshot->policy;
    *loading->stage = CG_REASON_CREDENTIAL_INVALID;
    snapshot->credentials = calloc(policy->nlisteners + 1, sizeof(struct cg_credential *));
    if (!snapshot->credentials)
        return no_memory(loading->err);
    bool ok = load_credential(snapshot, &policy->base, loading, &snapshot->base_credential);
    for (size_t i = 0; ok && i < policy->nlisteners; i++)
        ok = load_credential(snapshot, &policy->listeners[i], loading, &snapshot->credentials[i]);
    return ok;
}

/* ---- life */

static void free_snapshot(struct cg_snapshot *snapshot)
{
    for (size_t i = 0; snapshot->credentials && i < snapshot->policy->nlisteners; i++)
        cg_credential_free(snapshot->credentials[i]);
    free(snapshot->credentials);
    cg_credential_free(snapshot->base_credential);
    if (snapshot->bridge_trust != snapshot->trust)
        cg_trust_free(snapshot->bridge_trust);
    cg_trust_free(snapshot->trust);
    cg_policy_free(snapshot->policy);
    cg_stamps_clear(&snapshot->trust_files);
    cg_stamps_clear(&snapshot->bridge_trust_files);
    free(snapshot);
}

struct cg_snapshot *cg_snapshot_load(const struct cg_snapshot_source *source, const struct cg_snapshot *previous,
                                     int64_t now, struct cg_stamps *seen, enum cg_reason *fault, struct cg_error *err)
{
    enum cg_reason stage = CG_REASON_POLICY_INVALID;
    const struct loading loading = {previous, seen, now, &stage, err};
    struct cg_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (fault)
        *fault = CG_REASON_NO_MEMORY;
    if (!snapshot) {
        no_memory(err);
        return NULL;
    }
    atomic_init(&snapshot->references, 1);
    if (mark(&loading, source->policy) && load_policy(snapshot, source, err) && load_trusts(snapshot, &loading) &&
        load_credentials(snapshot, &loading)) {
        if (previous)
            cg_policy_changes(previous->policy, snapshot->policy, snapshot->policy_changes,
                              sizeof snapshot->policy_changes);
        return snapshot;
    }
    free_snapshot(snapshot);
    if (fault)
        *fault = stage;
    return NULL;
}

struct cg_snapshot *cg_snapshot_take(struct cg_snapshot *snapshot)
{
    if (snapshot)
        atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void cg_snapshot_release(struct cg_snapshot *snapshot)
{
    if (snapshot && atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) == 1)
        free_snapshot(snapshot);
}

const struct cg_credential *cg_snapshot_credential(const struct cg_snapshot *snapshot, uint16_t port)
{
    const struct cg_policy *policy = snapshot->policy;
    for (size_t i = 0; i < policy->nlisteners; i++)
        if (policy->listeners[i].port == port)
            return snapshot->credentials[i];
    return snapshot->base_credential;
}
