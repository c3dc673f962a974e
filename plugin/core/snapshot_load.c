/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot_load.h"

#include "core/policy/policy_changes.h"
#include "core/policy/policy_load.h"
#include "core/policy/policy_store.h"
#include "snapshot_credentials.h"
#include "snapshot_loading.h"
#include "snapshot_statements.h"
#include "snapshot_trust.h"

#include <stdlib.h>
#include <string.h>

static struct cg_policy *read_policy(struct cg_loading *loading)
{
    const struct cg_snapshot_source *source = loading->source;
    struct cg_policy *policy = source->policy ? cg_policy_load(source->policy, &loading->err)
                                              : cg_policy_default(source->anchors, &loading->err);
    if (policy && source->event_log)
        policy->log.file = cg_store_text(policy->store, source->event_log);
    if (policy && source->event_log && !policy->log.file) {
        cg_loading_no_memory(loading);
    } else if (policy && (!loading->preflight || loading->preflight->policy(policy, &loading->err))) {
        return policy;
    }
    cg_policy_free(policy);
    return NULL;
}

/* A new policy is used together with the trust that it names, or not at all. A less strict policy must not run with a
 * broader CA that it was to replace, and a policy that requires CRLs must not run without them. */
static bool load_policy_and_trust(struct cg_loading *loading)
{
    const struct cg_snapshot *previous = loading->previous;
    struct cg_snapshot *snapshot = loading->snapshot;
    loading->stage = CG_REASON_POLICY_INVALID;
    if (!cg_loading_watch(loading, loading->source->policy))
        return false;
    struct cg_policy *policy = read_policy(loading);
    bool changed = policy && (!previous || strcmp(policy->text, previous->policy->text) != 0);
    if (!policy && !cg_loading_keep_previous(loading))
        return false;
    if (changed) {
        snapshot->policy = policy;
        size_t before = loading->faults ? loading->faults->count : 0;
        if (cg_loading_load_trust(loading))
            return true;
        if (loading->faults)
            cg_faults_truncate(loading->faults, before); /* these faults belong to a policy that is not used */
        if (previous)
            cg_error_prefix(&loading->err, "%s: the changed policy is not used", policy->name);
        if (!cg_loading_keep_previous(loading))
            return false;
        cg_snapshot_drop_trusts(snapshot);
    }
    cg_policy_free(policy);
    snapshot->policy = previous ? cg_policy_ref(previous->policy) : NULL;
    return snapshot->policy && cg_loading_refresh_trust(loading);
}

/* False with loading->err and stage set. */
static bool load(struct cg_loading *loading)
{
    loading->snapshot = calloc(1, sizeof *loading->snapshot);
    if (!loading->snapshot)
        return cg_loading_no_memory(loading);
    atomic_init(&loading->snapshot->references, 1);
    if (load_policy_and_trust(loading) && cg_loading_raise_numbers(loading) && cg_loading_load_credentials(loading) &&
        cg_loading_load_statements(loading))
        return true;
    cg_snapshot_free(loading->snapshot);
    loading->snapshot = NULL;
    return false;
}

struct cg_snapshot *cg_snapshot_load(const struct cg_snapshot_source *source,
                                     const struct cg_snapshot_preflight *preflight, int64_t now,
                                     struct cg_file_states *watched, enum cg_reason *fault, struct cg_error *err)
{
    struct cg_loading loading = {.source = source, .preflight = preflight, .watched = watched, .now = now};
    if (!source->policy == !source->anchors) {
        loading.stage = CG_REASON_POLICY_INVALID;
        cg_error_set(&loading.err, "expected either a policy file or a file of trust anchors");
    } else if (load(&loading)) {
        return loading.snapshot;
    }
    if (fault)
        *fault = loading.rule ? loading.rule : loading.stage;
    if (err)
        *err = loading.err;
    return NULL;
}

static bool same_credentials(const struct cg_snapshot *a, const struct cg_snapshot *b)
{
    bool same = a->policy == b->policy;
    for (size_t i = 0; same && i <= a->policy->nlisteners; i++) {
        const struct cg_credentials *x = &a->credentials[i], *y = &b->credentials[i];
        same = x->count == y->count && memcmp(x->item, y->item, x->count * sizeof *x->item) == 0;
    }
    return same;
}

struct cg_snapshot *cg_snapshot_reload(const struct cg_snapshot_source *source,
                                       const struct cg_snapshot_preflight *preflight,
                                       const struct cg_snapshot *previous, int64_t now, struct cg_file_states *watched,
                                       struct cg_faults *faults)
{
    struct cg_loading loading = {.source = source,
                                 .preflight = preflight,
                                 .previous = previous,
                                 .watched = watched,
                                 .now = now,
                                 .faults = faults};
    if (!load(&loading)) {
        cg_faults_add(faults, loading.stage, &loading.err, loading.key);
        return NULL;
    }
    struct cg_snapshot *snapshot = loading.snapshot;
    if (same_credentials(snapshot, previous) && cg_snapshot_same_trusts(snapshot, previous) &&
        snapshot->statements == previous->statements) {
        cg_snapshot_free(snapshot);
        return NULL;
    }
    if (snapshot->policy != previous->policy)
        cg_policy_changes(previous->policy, snapshot->policy, snapshot->policy_changes,
                          sizeof snapshot->policy_changes);
    return snapshot;
}
