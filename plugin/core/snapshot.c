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
    for (size_t i = 0; snapshot->credentials && i <= snapshot->policy->nlisteners; i++)
        cg_credentials_clear(&snapshot->credentials[i]);
    free(snapshot->credentials);
    cg_snapshot_drop_trusts(snapshot);
    cg_statements_free(snapshot->statements);
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

const struct cg_credentials *cg_snapshot_credentials_of(const struct cg_snapshot *snapshot, size_t section)
{
    static const struct cg_credentials none;
    return snapshot->credentials ? &snapshot->credentials[section] : &none;
}

const struct cg_credentials *cg_snapshot_credentials(const struct cg_snapshot *snapshot, uint16_t port)
{
    return cg_snapshot_credentials_of(snapshot, cg_policy_section_of(snapshot->policy, port));
}
