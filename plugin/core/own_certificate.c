/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "own_certificate.h"

/* Reasons that the clock, a new CRL or a renewal can fix. */
static const enum cg_reason of_time[] = {
    CG_REASON_EXPIRED,     CG_REASON_NOT_YET_VALID, CG_REASON_CA_EXPIRED,        CG_REASON_CA_NOT_YET_VALID,
    CG_REASON_CRL_EXPIRED, CG_REASON_CRL_TOO_OLD,   CG_REASON_CRL_NOT_YET_VALID, CG_REASON_TOO_LITTLE_LIFE_LEFT,
};

static bool is_of_time(enum cg_reason reason)
{
    for (size_t i = 0; i < sizeof of_time / sizeof *of_time; i++)
        if (of_time[i] == reason)
            return true;
    return false;
}

struct cg_own_fault cg_own_fault(const struct cg_verdict *verdict)
{
    /* If there are more findings than fit, the others are unknown. */
    struct cg_own_fault fault = {verdict->reason, verdict->nfindings < CG_FINDINGS_MAX, verdict->detail};
    bool enforced = false;
    if (verdict->decision == CG_ACCEPT)
        return (struct cg_own_fault){CG_REASON_OK, false, ""};
    for (int i = 0; i < verdict->nfindings; i++) {
        const struct cg_finding *finding = &verdict->findings[i];
        if (finding->mode != CG_ENFORCE)
            continue;
        enforced = true;
        if (!is_of_time(finding->reason))
            return (struct cg_own_fault){finding->reason, false, finding->detail};
    }
    fault.of_time = fault.of_time && enforced;
    return fault;
}

bool cg_own_detail_varies(enum cg_reason reason)
{
    return reason == CG_REASON_REVOKED || is_of_time(reason);
}
