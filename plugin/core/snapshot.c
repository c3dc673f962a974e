/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot.h"

#include "check.h"
#include "own_certificate.h"
#include "policy_changes.h"
#include "policy_parse.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one load reads from and leaves its marks in. */
struct loading {
    const struct cg_snapshot_source *source;
    const struct cg_snapshot_proofs *proofs;
    const struct cg_snapshot *previous; /* NULL at the start: the first fault ends the load */
    struct cg_snapshot *fresh;
    struct cg_stamps *seen; /* may be NULL */
    int64_t now;
    struct cg_faults *faults; /* NULL at the start */
    enum cg_reason stage;     /* what a fault is called */
    enum cg_reason rule;      /* that the credential breaks which ended the load; or CG_REASON_UNSET */
    struct cg_error err;      /* of the part that is being loaded */
};

static bool no_memory(struct loading *loading)
{
    loading->stage = CG_REASON_NO_MEMORY;
    cg_error_set(&loading->err, "snapshot: out of memory");
    return false;
}

static bool mark(struct loading *loading, const char *path)
{
    return !loading->seen || !path || cg_stamps_add(loading->seen, path) || no_memory(loading);
}

static bool mark_all(struct loading *loading, const struct cg_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        if (!mark(loading, stamps->item[i].path))
            return false;
    return true;
}

/* A part could not be taken. False: the load ends, since nothing was there before. */
static bool stays(struct loading *loading)
{
    if (!loading->previous)
        return false;
    cg_faults_add(loading->faults, loading->stage, &loading->err);
    loading->err.text[0] = '\0';
    return true;
}

/* ---- policy */

static struct cg_policy *read_policy(struct loading *loading)
{
    const struct cg_snapshot_source *source = loading->source;
    struct cg_policy *policy = source->policy ? cg_policy_load(source->policy, &loading->err)
                                              : cg_policy_default(source->anchors, &loading->err);
    if (policy && source->event_log)
        policy->log.file = cg_store_text(policy->store, source->event_log);
    if (policy && source->event_log && !policy->log.file) {
        no_memory(loading);
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
static bool load_certificates(struct loading *loading, struct store *store)
{
    loading->stage = CG_REASON_TRUST_INVALID;
    cg_stamps_clear(store->stamps);
    if (!cg_trust_stamp_certificates(store->files, store->stamps))
        return no_memory(loading);
    if (!mark_all(loading, store->stamps))
        return false;
    store->same_certificates = store->old && cg_stamps_equal(store->stamps, store->old_stamps);
    *store->trust = store->same_certificates ? cg_trust_copy_certificates(store->old)
                                             : cg_trust_load_certificates(store->files, &loading->err);
    if (!*store->trust)
        return store->same_certificates ? no_memory(loading) : false;
    store->same_certificates = store->old && cg_trust_same_certificates(*store->trust, store->old);
    return true;
}

static bool keep_certificates(struct loading *loading, struct store *store)
{
    cg_stamps_clear(store->stamps);
    for (size_t i = 0; i < store->old_stamps->count; i++)
        if (!cg_stamps_copy(store->stamps, &store->old_stamps->item[i]))
            return no_memory(loading);
    store->same_certificates = true;
    *store->trust = cg_trust_copy_certificates(store->old);
    return *store->trust || no_memory(loading);
}

/* Each CRL by itself. A store in which nothing is new is shared whole. */
static bool load_crls(struct loading *loading, struct store *store)
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

static struct store store_of(const struct loading *loading, bool bridge)
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
static bool same_state(const struct loading *loading, const char *folder)
{
    const char *old = loading->previous ? loading->previous->policy->state : NULL;
    return old && strcmp(old, folder) == 0;
}

static bool read_state(struct loading *loading, const char *folder)
{
    const struct cg_snapshot_proofs *proofs = loading->proofs;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/" CG_CRL_NUMBERS_FILE, folder);
    if (!mark(loading, path))
        return false;
    loading->stage = CG_REASON_STATE_INVALID;
    if (!same_state(loading, folder) && proofs && proofs->state && !proofs->state(folder, &loading->err))
        return false;
    struct cg_crl_numbers *read = cg_crl_numbers_new();
    bool ok = read ? cg_crl_numbers_read(read, folder, NULL, &loading->err) : no_memory(loading);
    if (ok && !cg_crl_numbers_merge(loading->fresh->numbers, read))
        ok = no_memory(loading);
    cg_crl_numbers_free(read);
    return ok;
}

/* Of the snapshot before, and of the folder. */
static bool load_numbers(struct loading *loading)
{
    struct cg_snapshot *fresh = loading->fresh;
    const char *folder = loading->source->without_state ? NULL : fresh->policy->state;
    cg_crl_numbers_free(fresh->numbers);
    fresh->numbers = cg_crl_numbers_new();
    if (!fresh->numbers || !cg_crl_numbers_merge(fresh->numbers, loading->previous ? loading->previous->numbers : NULL))
        return no_memory(loading);
    cg_crl_numbers_unmark(fresh->numbers);
    return !folder || read_state(loading, folder) || (same_state(loading, folder) && stays(loading));
}

static bool raise_numbers(struct loading *loading)
{
    struct cg_snapshot *fresh = loading->fresh;
    if (!cg_trust_raise_numbers(fresh->trust, fresh->numbers) ||
        !cg_trust_raise_numbers(fresh->bridge_trust, fresh->numbers))
        return no_memory(loading);
    cg_crl_numbers_trim(fresh->numbers);
    return true;
}

/* All that a new policy names. CRLs that were read before may be at fault: they stay. */
static bool load_trusts(struct loading *loading)
{
    for (int i = 0; i < store_count(loading->fresh->policy); i++) {
        struct store store = store_of(loading, i == 1);
        if (!load_certificates(loading, &store) || !load_crls(loading, &store))
            return false;
    }
    finish_trusts(loading->fresh);
    return true;
}

/* The policy has not changed: each store by itself. */
static bool refresh_trusts(struct loading *loading)
{
    for (int i = 0; i < store_count(loading->fresh->policy); i++) {
        struct store store = store_of(loading, i == 1);
        if (!load_certificates(loading, &store) && !(stays(loading) && keep_certificates(loading, &store)))
            return false;
        if (!load_crls(loading, &store))
            return false;
    }
    finish_trusts(loading->fresh);
    return true;
}

/* A new policy is taken together with the trust that it names, or not at all: a looser one must not run with a broader CA
 * that it was to replace, nor one that wants CRLs without them. */
static bool load_policy_and_trust(struct loading *loading)
{
    const struct cg_snapshot *previous = loading->previous;
    struct cg_snapshot *fresh = loading->fresh;
    loading->stage = CG_REASON_POLICY_INVALID;
    if (!mark(loading, loading->source->policy))
        return false;
    struct cg_policy *policy = read_policy(loading);
    bool changed = policy && (!previous || strcmp(policy->text, previous->policy->text) != 0);
    if (!policy && !stays(loading))
        return false;
    if (changed) {
        fresh->policy = policy;
        size_t before = loading->faults ? loading->faults->count : 0;
        if (load_numbers(loading) && load_trusts(loading))
            return true;
        if (loading->faults)
            cg_faults_cut(loading->faults, before); /* they are of a policy that is not taken */
        if (!stays(loading))
            return false;
        drop_trusts(fresh);
    }
    cg_policy_free(policy);
    fresh->policy = previous ? cg_policy_take(previous->policy) : NULL;
    return fresh->policy && load_numbers(loading) && refresh_trusts(loading);
}

/* ---- credentials */

/* What clients would be shown must pass what clients would check. */
static bool accepted(struct loading *loading, const struct cg_credential *credential,
                     const struct cg_listener_policy *listener, const char *words, bool *of_time)
{
    struct cg_verdict verdict;
    struct cg_check_input in = {.profile = &listener->server,
                                .trust = loading->fresh->trust,
                                .purpose = CG_PURPOSE_SERVER,
                                .leaf = credential->leaf,
                                .sent = credential->chain,
                                .now = loading->now};
    cg_check(&in, &verdict);
    const struct cg_own_fault fault = cg_own_fault(&verdict);
    bool ok = verdict.decision == CG_ACCEPT;
    *of_time = fault.of_time;
    if (!ok) {
        const struct cg_reason_row *row = cg_reason_row(fault.reason);
        char port[24] = "";
        if (listener->port)
            snprintf(port, sizeof port, " (port %u)", listener->port);
        loading->rule = fault.reason;
        cg_error_set(&loading->err, "%s%s: %s: %s: %s %s; %s", listener->credential_chain, port, words, row->code,
                     row->sentence, fault.detail, cg_own_hint(fault.reason));
    }
    cg_verdict_clear(&verdict);
    return ok;
}

/* A clock that is not set yet, or a CRL that lapsed, must not keep the broker down when it is right again. */
static bool may_serve(struct loading *loading, struct cg_credential *fresh, const struct cg_listener_policy *listener)
{
    bool of_time = false;
    if (accepted(loading, fresh, listener, "refused by the server policy", &of_time))
        return true;
    if (loading->previous || !loading->source->hold || !of_time)
        return false;
    cg_credential_hold(fresh);
    loading->rule = CG_REASON_UNSET;
    loading->err.text[0] = '\0';
    return true;
}

/* Clients would not find the broker again. Where the policy lists the names, the list decides. */
static bool keeps_names(struct loading *loading, const struct cg_credential *fresh, const struct cg_credential *old,
                        const struct cg_listener_policy *listener)
{
    char missing[200] = "";
    if (!old || listener->server.names.count > 0 || cg_credential_covers(fresh, old, missing, sizeof missing))
        return true;
    cg_error_set(&loading->err,
                 "%s: expected the names of the certificate in use, found none like %s; issue it with that name, or "
                 "list the names that matter in server.names of the policy",
                 listener->credential_chain, missing);
    return false;
}

/* Written again, and nothing is new. */
static bool same_credential(const struct cg_credential *a, const struct cg_credential *b)
{
    int count = sk_X509_num(a->chain);
    bool same = X509_cmp(a->leaf, b->leaf) == 0 && EVP_PKEY_eq(a->key, b->key) == 1 && count == sk_X509_num(b->chain);
    for (int i = 0; same && i < count; i++)
        same = X509_cmp(sk_X509_value(a->chain, i), sk_X509_value(b->chain, i)) == 0;
    return same;
}

static struct cg_credential *read_credential(struct loading *loading, const struct cg_listener_policy *listener,
                                             const struct cg_credential *old)
{
    const struct cg_snapshot_proofs *proofs = loading->proofs;
    struct cg_credential *fresh = cg_credential_load(listener->credential_chain, listener->credential_key,
                                                     &loading->err);
    if (fresh && may_serve(loading, fresh, listener) && keeps_names(loading, fresh, old, listener) &&
        (!proofs || proofs->credential(fresh, listener, &loading->err)))
        return fresh;
    cg_credential_free(fresh);
    return NULL;
}

/* What a listener served before, and from which files. */
static const struct cg_credential *served_before(const struct loading *loading, uint16_t port,
                                                 const struct cg_stamps **stamps)
{
    const struct cg_snapshot *previous = loading->previous;
    *stamps = NULL;
    if (!previous)
        return NULL;
    const struct cg_policy *policy = previous->policy;
    for (size_t i = 0; i < policy->nlisteners; i++)
        if (policy->listeners[i].port == port) {
            *stamps = &previous->credential_files[i];
            return previous->credentials[i];
        }
    *stamps = &previous->base_credential_files;
    return previous->base_credential;
}

/* It serves on, whatever the new trust and policy say of it; that is told. One that is held does not serve. */
static void tell_unfit(struct loading *loading, const struct cg_credential *credential,
                       const struct cg_listener_policy *listener)
{
    bool of_time = false;
    loading->stage = CG_REASON_CREDENTIAL_INVALID;
    if (!cg_credential_is_held(credential) &&
        !accepted(loading, credential, listener, "the certificate in use is not accepted any more, and still served",
                  &of_time))
        (void)stays(loading);
}

/* *out stays NULL where the policy names no credential. */
static bool load_credential(struct loading *loading, const struct cg_listener_policy *listener,
                            struct cg_stamps *stamps, struct cg_credential **out)
{
    const struct cg_stamps *old_stamps = NULL;
    const struct cg_credential *old = served_before(loading, listener->port, &old_stamps);
    if (!listener->credential_chain)
        return true;
    loading->stage = CG_REASON_CREDENTIAL_INVALID;
    if (!mark(loading, listener->credential_chain) || !mark(loading, listener->credential_key))
        return false;
    if (!cg_stamps_add(stamps, listener->credential_chain) || !cg_stamps_add(stamps, listener->credential_key))
        return no_memory(loading);
    bool unchanged = old && cg_stamps_equal(stamps, old_stamps);
    *out = unchanged ? NULL : read_credential(loading, listener, old);
    if (*out && !(old && same_credential(*out, old)))
        return true;
    bool again = *out != NULL;
    cg_credential_free(*out);
    if (!unchanged && !again) { /* to be tried again, whatever it looks like then */
        cg_stamps_clear(stamps);
        if (!stays(loading))
            return false;
    }
    *out = cg_credential_take((struct cg_credential *)(uintptr_t)old);
    if (*out)
        tell_unfit(loading, *out, listener);
    return true;
}

static bool load_credentials(struct loading *loading)
{
    struct cg_snapshot *fresh = loading->fresh;
    const struct cg_policy *policy = fresh->policy;
    fresh->credentials = calloc(policy->nlisteners + 1, sizeof *fresh->credentials);
    fresh->credential_files = calloc(policy->nlisteners + 1, sizeof *fresh->credential_files);
    if (!fresh->credentials || !fresh->credential_files)
        return no_memory(loading);
    bool ok = load_credential(loading, &policy->base, &fresh->base_credential_files, &fresh->base_credential);
    for (size_t i = 0; ok && i < policy->nlisteners; i++)
        ok = load_credential(loading, &policy->listeners[i], &fresh->credential_files[i], &fresh->credentials[i]);
    return ok;
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
static bool load(struct loading *loading)
{
    loading->fresh = calloc(1, sizeof *loading->fresh);
    if (!loading->fresh)
        return no_memory(loading);
    atomic_init(&loading->fresh->references, 1);
    if (load_policy_and_trust(loading) && raise_numbers(loading) && load_credentials(loading))
        return true;
    free_snapshot(loading->fresh);
    loading->fresh = NULL;
    return false;
}

struct cg_snapshot *cg_snapshot_load(const struct cg_snapshot_source *source, const struct cg_snapshot_proofs *proofs,
                                     int64_t now, struct cg_stamps *seen, enum cg_reason *fault, struct cg_error *err)
{
    struct loading loading = {.source = source, .proofs = proofs, .seen = seen, .now = now};
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
    struct loading loading = {
        .source = source, .proofs = proofs, .previous = previous, .seen = seen, .now = now, .faults = faults};
    if (!load(&loading)) {
        cg_faults_add(faults, loading.stage, &loading.err);
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
