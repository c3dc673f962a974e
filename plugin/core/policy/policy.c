/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy.h"

#include "policy_store.h"

struct cg_policy *cg_policy_ref(struct cg_policy *policy)
{
    if (policy)
        atomic_fetch_add_explicit(&policy->references, 1, memory_order_relaxed);
    return policy;
}

void cg_policy_free(struct cg_policy *policy)
{
    if (policy && atomic_fetch_sub_explicit(&policy->references, 1, memory_order_acq_rel) == 1)
        cg_store_free(policy->store); /* the policy itself is in it */
}

bool cg_trust_files_named(const struct cg_trust_files *files)
{
    return files->anchors.count > 0 || files->intermediate_anchors.count > 0;
}

const struct cg_listener_policy *cg_policy_section(const struct cg_policy *policy, size_t number)
{
    if (number > policy->nlisteners)
        return NULL;
    return number ? &policy->listeners[number - 1] : &policy->base;
}

size_t cg_policy_section_of(const struct cg_policy *policy, uint16_t port)
{
    size_t number = policy->nlisteners;
    while (number > 0 && policy->listeners[number - 1].port != port)
        number--;
    return number;
}

const struct cg_listener_policy *cg_policy_listener(const struct cg_policy *policy, uint16_t port)
{
    return cg_policy_section(policy, cg_policy_section_of(policy, port));
}
