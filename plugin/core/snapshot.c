/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot.h"

#include <stdlib.h>

void cg_snapshot_drop_trusts(struct cg_snapshot *snapshot)
{
    cg_trust_free(snapshot->bridge_trust);
    cg_trust_free(snapshot->server_trust);
    cg_trust_free(snapshot->trust);
    snapshot->trust = snapshot->server_trust = snapshot->bridge_trust = NULL;
}

static void free_snapshot(struct cg_snapshot *snapshot)
{
    for (size_t i = 0; snapshot->policy && i < snapshot->policy->nlisteners; i++) {
        if (snapshot->credentials)
            cg_credential_free(snapshot->credentials[i]);
        if (snapshot->credential_files)
            cg_file_states_clear(&snapshot->credential_files[i]);
    }
    free(snapshot->credentials);
    free(snapshot->credential_files);
    cg_credential_free(snapshot->base_credential);
    cg_file_states_clear(&snapshot->base_credential_files);
    cg_snapshot_drop_trusts(snapshot);
    cg_crl_numbers_free(snapshot->numbers);
    cg_policy_free(snapshot->policy);
    cg_file_states_clear(&snapshot->trust_files);
    cg_file_states_clear(&snapshot->server_trust_files);
    cg_file_states_clear(&snapshot->bridge_trust_files);
    free(snapshot);
}

struct cg_snapshot *cg_snapshot_ref(struct cg_snapshot *snapshot)
{
    if (snapshot)
        atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void cg_snapshot_free(struct cg_snapshot *snapshot)
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
