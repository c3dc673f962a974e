/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lines of check --batch: any bytes give a case or an error with a text. A case gets a verdict, and is never accepted without
 * its own trust anchors. */
#include "check/batch.h"
#include "core/policy/policy_load.h"
#include "fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cg_policy *policy;
    struct cg_error err = {""};
    struct cg_batch_case c = {0};
    struct cg_verdict verdict = {0};
    if (!policy && !(policy = cg_policy_default("none.pem", &err)))
        abort();
    /* no_files: the input must not read files */
    const struct cg_batch batch = {.file = "fuzz.jsonl", .policy = policy, .now = 1700000000, .no_files = true};
    bool ok = cg_batch_parse(&batch, (const char *)data, size, &c, &err);
    if (!ok && !err.text[0])
        abort();
    if (ok && !c.unreadable) {
        cg_check(&c.input, &verdict);
        cg_batch_crl_matters(&c, &verdict);
    }
    if (verdict.decision == CG_ACCEPT && !c.trust)
        abort();
    cg_verdict_clear(&verdict);
    cg_batch_case_clear(&c);
    return 0;
}
