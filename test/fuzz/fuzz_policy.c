/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Policies: any bytes give either a policy or an error with a text. */
#include "core/policy/policy_load.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cg_error err = {""};
    struct cg_policy *policy = cg_policy_parse("fuzz.json", (const char *)data, size, &err);
    if (!policy == !err.text[0])
        abort();
    for (const char *c = err.text; *c; c++)
        if ((unsigned char)*c < 0x20)
            abort();
    for (size_t i = 0; policy && i < policy->nlisteners; i++)
        if (cg_policy_listener(policy, policy->listeners[i].port) != &policy->listeners[i])
            abort();
    cg_policy_free(policy);
    return 0;
}
