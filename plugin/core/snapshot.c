/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot.h"

#include "policy_changes.h"
#include "policy_parse.h"
#include "snapshot_loading.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cg_loading_no_memory(struct cg_loading *loading)
{
    loading->stage = CG_REASON_NO_MEMORY;
    cg_error_set(&loading->err, "snapshot: out of memory");
    return false;
}

bool cg_loading_mark(struct cg_loading *loading, const char *path)
{
    return !loading->seen || !path || cg_stamps_add(loading->seen, path) || cg_loading_no_memory(loading);
}

static bool mark_all(struct cg_loading *loading, const struct cg_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        if (!cg_loading_mark(loading, stamps->item[i].path))
            return false;
    return true;
}

bool cg_loading_stays(struct cg_loading *loading)
{
    if (!loading->previous)
        return false;
    cg_faults_add(loading->faults, loading->stage, &loading->err, loading->key);
    loading->key = 0;
    loading->err.text[0] = '\0';
    return true;
}

/* ---- policy */

static struct cg_policy *read_policy(struct cg_loading *loading)
{
    const struct cg_snapshot_source *source = loading->source;
    struct cg_policy *policy = source->policy ? cg_policy_load(source->policy, &loading->err)
                                              : cg_policy_default(source->anchors, &loading->err);
    if (policy && source->event_log)
        policy->log.file = cg_store_text(policy->store, source->event_log);
    if (policy && source->event_log && !policy->log.file) {
        cg_loading_no_memory(loading);
    } else if (policy && (!loading->proofs || loading->proofs->policy(policy, &loading->err))) {
        return policy;
    }
    cg_policy_free(policy);
    return NULL;
}

/* ---- trust */

/* One of the two stores of a snapshot. */
struct store {
    const struct cg_trust_files *files;
    struct cg_stamps *stamps; /* of the fresh snapshot */
    struct cg_trust **trust;  /* the same */
    const struct cg_trust *old;
    const struct cg_stamps *old_stamps; /* NULL where there is no old one */
    const struct cg_strings *old_crls;  /* paths that the previous policy names */
    bool same_certificates;
};

/* Certificates of unchanged files are shared. */
static bool load_certificates(struct cg_loading *loading, struct store *store)
{
    loading->stage = CG_REASON_TRUST_INVALID;
    cg_stamps_clear(store->stamps);
    if (!cg_trust_stamp_certificates(store->files, store->stamps))
        return cg_loading_no_memory(loading);
    if (!mark_all(loading, store->stamps))
        return false;
    store->same_certificates = store->old && cg_stamps_equal(store->stamps, store->old_stamps);
    *store->trust = store->same_certificates ? cg_trust_copy_certificates(store->old)
                                             : cg_trust_load_certificates(store->files, &loading->err);
    if (!*store->trust)
        return store->same_certificates ? cg_loading_no_memory(loading) : false;
    store->same_certificates = store->old && cg_trust_same_certificates(*store->trust, store->old);
    return true;
}

static bool keep_certificates(struct cg_loading *loading, struct store *store)
{
    cg_stamps_clear(store->stamps);
    for (size_t i = 0; i < store->old_stamps->count; i++)
        if (!cg_stamps_copy(store->stamps, &store->old_stamps->item[i]))
            return cg_loading_no_memory(loading);
    store->same_certificates = true;
    *store->trust = cg_trust_copy_certificates(store->old);
    return *store->trust || cg_loading_no_memory(loading);
}

/* Each CRL by itself. A store in which nothing is new is shared whole. */
static bool load_crls(struct cg_loading *loading, struct store *store)
{
    bool new_policy = loading->previous && loading->fresh->policy != loading->previous->policy;
    const struct cg_trust_before before = {store->old, store->same_certificates, new_policy ? store->old_crls : NULL,
                                           store->old ? loading->faults : NULL, loading->fresh->numbers};
    loading->stage = CG_REASON_CRL_INVALID;
    if (!cg_trust_load_crls(*store->trust, store->files, &before, loading->seen, &loading->err))
        return false;
    if (!store->same_certificates || !cg_trust_same_crls(*store->trust, store->old))
        return true;
    cg_trust_free(*store->trust);
    *store->trust = cg_trust_take((struct cg_trust *)(uintptr_t)store->old);
    return true;
}

static struct store store_of(const struct cg_loading *loading, bool bridge)
{
    struct cg_snapshot *fresh = loading->fresh;
    const struct cg_snapshot *old = loading->previous;
    const struct cg_policy *policy = fresh->policy;
    if (!bridge)
        return (struct store){.files = &policy->trust,
                              .stamps = &fresh->trust_files,
                              .trust = &fresh->trust,
                              .old = old ? old->trust : NULL,
                              .old_stamps = old ? &old->trust_files : NULL,
                              .old_crls = old ? &old->policy->trust.crls : NULL};
    bool had_own = old && old->bridge_trust != old->trust;
    return (struct store){.files = &policy->bridge_trust,
                          .stamps = &fresh->bridge_trust_files,
                          .trust = &fresh->bridge_trust,
                          .old = had_own ? old->bridge_trust : NULL,
                          .old_stamps = had_own ? &old->bridge_trust_files : NULL,
                          .old_crls = had_own ? &old->policy->bridge_trust.crls : NULL};
}

static void drop_trusts(struct cg_snapshot *fresh)
{
    if (fresh->bridge_trust != fresh->trust)
        cg_trust_free(fresh->bridge_trust);
    cg_trust_free(fresh->trust);
    fresh->trust = fresh->bridge_trust = NULL;
}

/* The clients', and the bridges' where they have their own. */
static int store_count(const struct cg_policy *policy)
{
    return policy->bridge_trust.anchors.count > 0 ? 2 : 1;
}

static void finish_trusts(struct cg_snapshot *fresh)
{
    if (!fresh->bridge_trust)
        fresh->bridge_trust = fresh->trust;
}

/* ---- the numbers of CRLs that were in use */

/* Was the folder in use before? What fails then is a fault; else the policy cannot be taken with it. */
static bool same_state(const struct cg_loading *loading, const char *folder)
{
    const char *old = loading->previous ? loading->previous->policy->state : NULL;
    return old && strcmp(old, folder) == 0;
}

static bool read_state(struct cg_loading *loading, const char *folder)
{
    const struct cg_snapshot_proofs *proofs = loading->proofs;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/" CG_CRL_NUMBERS_FILE, folder);
    if (!cg_loading_mark(loading, path))
        return false;
    loading->stage = CG_REASON_STATE_INVALID;
    if (!same_state(loading, folder) && proofs && proofs->state && !proofs->state(folder, &loading->err))
        return false;
    struct cg_crl_numbers *read = cg_crl_numbers_new();
    bool ok = read ? cg_crl_numbers_read(read, folder, NULL, &loading->err) : cg_loading_no_memory(loading);
    if (ok && !cg_crl_numbers_merge(loading->fresh->numbers, read))
        ok = cg_loading_no_memory(loading);
    cg_crl_numbers_free(read);
    return ok;
}

/* Of the snapshot before, and of the folder. */
static bool load_numbers(struct cg_loading *loading)
{
    struct cg_snapshot *fresh = loading->fresh;
    const char *folder = loading->source->without_state ? NULL : fresh->policy->state;
    cg_crl_numbers_free(fresh->numbers);
    fresh->numbers = cg_crl_numbers_new();
    if (!fresh->numbers || !cg_crl_numbers_merge(fresh->numbers, loading->previous ? loading->previous->numbers : NULL))
        return cg_loading_no_memory(loading);
    cg_crl_numbers_unmark(fresh->numbers);
    return !folder || read_state(loading, folder) || (same_state(loading, folder) && cg_loading_stays(loading));
}

static bool raise_numbers(struct cg_loading *loading)
{
    struct cg_snapshot *fresh = loading->fresh;
    if (!cg_trust_raise_numbers(fresh->trust, fresh->numbers) ||
        !cg_trust_raise_numbers(fresh->bridge_trust, fresh->numbers))
        return cg_loading_no_memory(loading);
    cg_crl_numbers_trim(fresh->numbers);
    return true;
}

/* While a policy names CRLs one that is gone stays. At the start, and after a policy that named none, there is none that could:
 * the certificates of its CA would pass where the policy does not require CRLs. */
static bool none_is_gone(struct cg_loading *loading)
{
    const struct cg_snapshot *fresh = loading->fresh;
    for (int i = 0; i < store_count(fresh->policy); i++) {
        const struct store store = store_of(loading, i == 1);
        const STACK_OF(X509) *issuers[] = {cg_trust_anchors(*store.trust), cg_trust_intermediates(*store.trust)};
        for (int k = 0; store.files->crls.count > 0 && k < 2; k++)
            for (int n = 0; n < sk_X509_num(issuers[k]); n++) {
                const X509 *issuer = sk_X509_value(issuers[k], n);
                bool there = cg_trust_has_crl_of(fresh->trust, issuer) ||
                             cg_trust_has_crl_of(fresh->bridge_trust, issuer);
                loading->stage = CG_REASON_CRL_INVALID;
                if (!there && cg_crl_numbers_knows(fresh->numbers, issuer, &loading->err))
                    return false;
            }
    }
    return true;
}

/* All that a new policy names. CRLs that were read before may be at fault: they stay. */
static bool load_trusts(struct cg_loading *loading)
{
    for (int i = 0; i < store_count(loading->fresh->policy); i++) {
        struct store store = store_of(loading, i == 1);
        if (!load_certificates(loading, &store) || !load_crls(loading, &store))
            return false;
    }
    finish_trusts(loading->fresh);
    return none_is_gone(loading);
}

/* The policy has not changed: each store by itself. */
static bool refresh_trusts(struct cg_loading *loading)
{
    for (int i = 0; i < store_count(loading->fresh->policy); i++) {
        struct store store = store_of(loading, i == 1);
        if (!load_certificates(loading, &store) && !(cg_loading_stays(loading) && keep_certificates(loading, &store)))
            return false;
        if (!load_crls(loading, &store))
            return false;
    }
    finish_trusts(loading->fresh);
    return true;
}

/* A new policy is taken together with the trust that it names, or not at all: a looser one must not run with a broader CA
 * that it was to replace, nor one that wants CRLs without them. */
static bool load_policy_and_trust(struct cg_loading *loading)
{
    const struct cg_snapshot *previous = loading->previous;
    struct cg_snapshot *fresh = loading->fresh;
    loading->stage = CG_REASON_POLICY_INVALID;
    if (!cg_loading_mark(loading, loading->source->policy))
        return false;
    struct cg_policy *policy = read_policy(loading);
    bool changed = policy && (!previous || strcmp(policy->text, previous->policy->text) != 0);
    if (!policy && !cg_loading_stays(loading))
        return false;
    if (changed) {
        fresh->policy = policy;
        size_t before = loading->faults ? loading->faults->count : 0;
        if (load_numbers(loading) && load_trusts(loading))
            return true;
        if (loading->faults)
            cg_faults_cut(loading->faults, before); /* they are of a policy that is not taken */
        if (previous)
            cg_error_prefix(&loading->err, "%s: the changed policy is not taken", policy->name);
        if (!cg_loading_stays(loading))
            return false;
        drop_trusts(fresh);
    }
    cg_policy_free(policy);
    fresh->policy = previous ? cg_policy_take(previous->policy) : NULL;
    return fresh->policy && load_numbers(loading) && refresh_trusts(loading);
}

/* ---- life */

static void free_snapshot(struct cg_snapshot *snapshot)
{
    for (size_t i = 0; snapshot->policy && i < snapshot->policy->nlisteners; i++) {
        if (snapshot->credentials)
            cg_credential_free(snapshot->credentials[i]);
        if (snapshot->credential_files)
            cg_stamps_clear(&snapshot->credential_files[i]);
    }
    free(snapshot->credentials);
    free(snapshot->credential_files);
    cg_credential_free(snapshot->base_credential);
    cg_stamps_clear(&snapshot->base_credential_files);
    drop_trusts(snapshot);
    cg_crl_numbers_free(snapshot->numbers);
    cg_policy_free(snapshot->policy);
    cg_stamps_clear(&snapshot->trust_files);
    cg_stamps_clear(&snapshot->bridge_trust_files);
    free(snapshot);
}

/* False: loading->err and stage say why. */
static bool load(struct cg_loading *loading)
{
    loading->fresh = calloc(1, sizeof *loading->fresh);
    if (!loading->fresh)
        return cg_loading_no_memory(loading);
    atomic_init(&loading->fresh->references, 1);
    if (load_policy_and_trust(loading) && raise_numbers(loading) && cg_loading_credentials(loading))
        return true;
    free_snapshot(loading->fresh);
    loading->fresh = NULL;
    return false;
}

struct cg_snapshot *cg_snapshot_load(const struct cg_snapshot_source *source, const struct cg_snapshot_proofs *proofs,
                                     int64_t now, struct cg_stamps *seen, enum cg_reason *fault, struct cg_error *err)
{
    struct cg_loading loading = {.source = source, .proofs = proofs, .seen = seen, .now = now};
    if (!source->policy == !source->anchors) {
        loading.stage = CG_REASON_POLICY_INVALID;
        cg_error_set(&loading.err, "expected either a policy file or a file of trust anchors");
    } else if (load(&loading)) {
        return loading.fresh;
    }
    if (fault)
        *fault = loading.rule ? loading.rule : loading.stage;
    if (err)
        *err = loading.err;
    return NULL;
}

static bool same_credentials(const struct cg_snapshot *a, const struct cg_snapshot *b)
{
    bool same = a->base_credential == b->base_credential && a->policy == b->policy;
    for (size_t i = 0; same && i < a->policy->nlisteners; i++)
        same = a->credentials[i] == b->credentials[i];
    return same;
}

struct cg_snapshot *cg_snapshot_reload(const struct cg_snapshot_source *source, const struct cg_snapshot_proofs *proofs,
                                       const struct cg_snapshot *previous, int64_t now, struct cg_stamps *seen,
                                       struct cg_faults *faults)
{
    struct cg_loading loading = {
        .source = source, .proofs = proofs, .previous = previous, .seen = seen, .now = now, .faults = faults};
    if (!load(&loading)) {
        cg_faults_add(faults, loading.stage, &loading.err, loading.key);
        return NULL;
    }
    struct cg_snapshot *fresh = loading.fresh;
    if (same_credentials(fresh, previous) && fresh->trust == previous->trust &&
        fresh->bridge_trust == previous->bridge_trust) {
        free_snapshot(fresh);
        return NULL;
    }
    if (fresh->policy != previous->policy)
        cg_policy_changes(previous->policy, fresh->policy, fresh->policy_changes, sizeof fresh->policy_changes);
    return fresh;
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
