/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot_trust.h"

#include "core/crl/crl_numbers_format.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* One trust store of a snapshot. */
struct store {
    const struct cg_trust_files *files;
    struct cg_file_states *file_states; /* in the new snapshot */
    struct cg_trust **trust;            /* in the new snapshot */
    const struct cg_trust *old;
    const struct cg_file_states *old_states; /* NULL without an old store */
    const struct cg_strings *old_crls;       /* the paths in the previous policy */
    bool same_certificates;
};

/* The certificates of unchanged files are shared. */
static bool load_certificates(struct cg_loading *loading, struct store *store)
{
    loading->stage = CG_REASON_TRUST_INVALID;
    cg_file_states_clear(store->file_states);
    if (!cg_trust_record_certificates(store->files, store->file_states))
        return cg_loading_no_memory(loading);
    if (!cg_loading_watch_all(loading, store->file_states))
        return false;
    store->same_certificates = store->old && cg_file_states_equal(store->file_states, store->old_states);
    *store->trust = store->same_certificates ? cg_trust_copy_certificates(store->old)
                                             : cg_trust_load_certificates(store->files, &loading->err);
    if (!*store->trust)
        return store->same_certificates ? cg_loading_no_memory(loading) : false;
    store->same_certificates = store->old && cg_trust_same_certificates(*store->trust, store->old);
    return true;
}

static bool keep_certificates(struct cg_loading *loading, struct store *store)
{
    cg_file_states_clear(store->file_states);
    for (size_t i = 0; i < store->old_states->count; i++)
        if (!cg_file_states_copy(store->file_states, &store->old_states->item[i]))
            return cg_loading_no_memory(loading);
    store->same_certificates = true;
    *store->trust = cg_trust_copy_certificates(store->old);
    return *store->trust || cg_loading_no_memory(loading);
}

static struct cg_trust_before before_of(const struct cg_loading *loading, const struct store *store)
{
    bool new_policy = loading->previous && loading->snapshot->policy != loading->previous->policy;
    return (struct cg_trust_before){store->old, store->same_certificates, new_policy ? store->old_crls : NULL,
                                    store->old ? loading->faults : NULL, loading->snapshot->numbers};
}

/* Reads each CRL separately. */
static bool read_crls(struct cg_loading *loading, const struct store *store)
{
    const struct cg_trust_before before = before_of(loading, store);
    loading->stage = CG_REASON_CRL_INVALID;
    return cg_trust_read_crls(*store->trust, store->files, &before, loading->watched, &loading->err);
}

/* A store without changes is replaced by the previous one, which is shared. */
static bool resolve_crls(struct cg_loading *loading, struct store *store)
{
    const struct cg_trust_before before = before_of(loading, store);
    if (!cg_trust_resolve_crls(*store->trust, store->files, &before, &loading->err))
        return false;
    if (!store->same_certificates || !cg_trust_same_crls(*store->trust, store->old))
        return true;
    cg_trust_free(*store->trust);
    *store->trust = cg_trust_ref((struct cg_trust *)(uintptr_t)store->old);
    return true;
}

/* The store for clients is the first, and replaces each of the others that the policy does not name. */
enum { CLIENTS, OWN, BRIDGES, STORES };

static const struct cg_trust_files *files_of(const struct cg_policy *policy, int which)
{
    const struct cg_trust_files *const files[STORES] = {&policy->trust, &policy->server_trust, &policy->bridge_trust};
    return files[which];
}

static struct cg_file_states *states_of(const struct cg_snapshot *snapshot, int which)
{
    const struct cg_file_states *const file_states[STORES] = {&snapshot->trust_files, &snapshot->server_trust_files,
                                                              &snapshot->bridge_trust_files};
    return (struct cg_file_states *)(uintptr_t)file_states[which];
}

static struct cg_trust **trust_of(const struct cg_snapshot *snapshot, int which)
{
    struct cg_trust *const *const trust[STORES] = {&snapshot->trust, &snapshot->server_trust, &snapshot->bridge_trust};
    return (struct cg_trust **)(uintptr_t)trust[which];
}

static bool is_named(const struct cg_policy *policy, int which)
{
    return which == CLIENTS || cg_trust_files_named(files_of(policy, which));
}

static struct store store_of(const struct cg_loading *loading, int which)
{
    struct cg_snapshot *snapshot = loading->snapshot;
    const struct cg_snapshot *old = loading->previous;
    struct store store = {.files = files_of(snapshot->policy, which),
                          .file_states = states_of(snapshot, which),
                          .trust = trust_of(snapshot, which)};
    if (old && is_named(old->policy, which)) {
        store.old = *trust_of(old, which);
        store.old_states = states_of(old, which);
        store.old_crls = &files_of(old->policy, which)->crls;
    }
    return store;
}

static void finish_trusts(struct cg_snapshot *snapshot)
{
    for (int i = 0; i < STORES; i++)
        if (!is_named(snapshot->policy, i))
            *trust_of(snapshot, i) = cg_trust_ref(snapshot->trust);
}

/* ---- the numbers of CRLs that were in use */

/* Was the folder in use before? Then a failure is a fault that keeps the policy; otherwise, the policy cannot be
 * used. */
static bool same_state(const struct cg_loading *loading, const char *folder)
{
    const char *old = loading->previous ? loading->previous->policy->state : NULL;
    return old && strcmp(old, folder) == 0;
}

static bool read_state(struct cg_loading *loading, const char *folder)
{
    const struct cg_snapshot_preflight *preflight = loading->preflight;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/" CG_CRL_NUMBERS_FILE, folder);
    if (!cg_loading_watch(loading, path))
        return false;
    loading->stage = CG_REASON_STATE_INVALID;
    if (!same_state(loading, folder) && preflight && preflight->state && !preflight->state(folder, &loading->err))
        return false;
    struct cg_crl_numbers *read = cg_crl_numbers_new();
    bool ok = read ? cg_crl_numbers_read(read, folder, NULL, &loading->err) : cg_loading_no_memory(loading);
    if (ok && !cg_crl_numbers_merge(loading->snapshot->numbers, read))
        ok = cg_loading_no_memory(loading);
    cg_crl_numbers_free(read);
    return ok;
}

/* The numbers of the previous snapshot and of the folder. */
static bool load_numbers(struct cg_loading *loading)
{
    struct cg_snapshot *snapshot = loading->snapshot;
    const char *folder = loading->source->without_state ? NULL : snapshot->policy->state;
    cg_crl_numbers_free(snapshot->numbers);
    snapshot->numbers = cg_crl_numbers_new();
    if (!snapshot->numbers ||
        !cg_crl_numbers_merge(snapshot->numbers, loading->previous ? loading->previous->numbers : NULL))
        return cg_loading_no_memory(loading);
    cg_crl_numbers_clear_in_use(snapshot->numbers);
    return !folder || read_state(loading, folder) || (same_state(loading, folder) && cg_loading_keep_previous(loading));
}

bool cg_loading_raise_numbers(struct cg_loading *loading)
{
    struct cg_snapshot *snapshot = loading->snapshot;
    for (int i = 0; i < STORES; i++)
        if (!cg_trust_raise_numbers(*trust_of(snapshot, i), snapshot->numbers))
            return cg_loading_no_memory(loading);
    cg_crl_numbers_trim(snapshot->numbers);
    return true;
}

static bool has_crl_of(const struct cg_snapshot *snapshot, const X509 *issuer)
{
    bool there = false;
    for (int i = 0; i < STORES && !there; i++)
        there = cg_trust_has_crl_of(*trust_of(snapshot, i), issuer);
    return there;
}

/* A CRL that disappears stays in use while the policy names CRLs. At start, or after a policy without CRLs, there is
 * no CRL to keep. Certificates of its CA would then pass unless the policy requires CRLs. */
static bool no_crl_is_missing(struct cg_loading *loading)
{
    const struct cg_snapshot *snapshot = loading->snapshot;
    for (int i = 0; i < STORES; i++) {
        const struct store store = store_of(loading, i);
        const STACK_OF(X509) *issuers[] = {cg_trust_anchors(*store.trust), cg_trust_intermediates(*store.trust)};
        for (int k = 0; store.files->crls.count > 0 && k < 2; k++)
            for (int n = 0; n < sk_X509_num(issuers[k]); n++) {
                const X509 *issuer = sk_X509_value(issuers[k], n);
                loading->stage = CG_REASON_CRL_INVALID;
                if (has_crl_of(snapshot, issuer) ||
                    !cg_crl_numbers_has_issuer(snapshot->numbers, issuer, &loading->err))
                    continue;
                cg_error_prefix(&loading->err, "%s%s", store.files->crls.item[0],
                                store.files->crls.count > 1 ? " and the other CRL files" : "");
                return false;
            }
    }
    return true;
}

/* The CRLs of all stores. Each store that has a CRL of an issuer, key and scope gets the newest one. */
static bool load_crls(struct cg_loading *loading, struct store stores[STORES], int count)
{
    for (int i = 0; i < count; i++)
        if (!read_crls(loading, &stores[i]))
            return false;
    for (int i = 0; i < count; i++)
        for (int other = 0; other < count; other++)
            if (other != i)
                cg_trust_refresh_crls(*stores[i].trust, *stores[other].trust);
    for (int i = 0; i < count; i++)
        if (!resolve_crls(loading, &stores[i]))
            return false;
    return true;
}

static int named_stores(const struct cg_loading *loading, struct store stores[STORES])
{
    int count = 0;
    for (int i = 0; i < STORES; i++)
        if (is_named(loading->snapshot->policy, i))
            stores[count++] = store_of(loading, i);
    return count;
}

/* Loads everything that a new policy names. Faults of CRLs that were read before do not end the load: the old CRLs
 * stay. */
bool cg_loading_load_trust(struct cg_loading *loading)
{
    struct store stores[STORES];
    int count = named_stores(loading, stores);
    if (!load_numbers(loading))
        return false;
    for (int i = 0; i < count; i++)
        if (!load_certificates(loading, &stores[i]))
            return false;
    if (!load_crls(loading, stores, count))
        return false;
    finish_trusts(loading->snapshot);
    return no_crl_is_missing(loading);
}

/* The policy is unchanged: loads each store separately. */
bool cg_loading_refresh_trust(struct cg_loading *loading)
{
    struct store stores[STORES];
    int count = named_stores(loading, stores);
    if (!load_numbers(loading))
        return false;
    for (int i = 0; i < count; i++)
        if (!load_certificates(loading, &stores[i]) &&
            !(stores[i].old_states && cg_loading_keep_previous(loading) && keep_certificates(loading, &stores[i])))
            return false;
    if (!load_crls(loading, stores, count))
        return false;
    finish_trusts(loading->snapshot);
    return true;
}

bool cg_snapshot_same_trusts(const struct cg_snapshot *a, const struct cg_snapshot *b)
{
    bool same = true;
    for (int i = 0; i < STORES; i++)
        same = same && *trust_of(a, i) == *trust_of(b, i);
    return same;
}
