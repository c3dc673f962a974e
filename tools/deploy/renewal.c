/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "renewal.h"
#include "core/base/datetime.h"
#include "deploy.h"
#include "generation.h"
#include "rotation.h"

#include <stdlib.h>
#include <string.h>

bool cg_renewal_due_of(const struct cg_live *live, int64_t now, int64_t *due)
{
    const size_t len = strlen(live->serial);
    *due = 0;
    return live->is_read &&
           cg_renewal_due_between(live->start, live->end,
                                  (unsigned)strtol(live->serial + (len > 2 ? len - 2 : 0), NULL, 16), now, due);
}

int64_t cg_renewal_overdue_from(int64_t due, int64_t end)
{
    int64_t half = (end - due) / 2;
    return due + (half < CG_DAY ? half : CG_DAY);
}

bool cg_renewal_overdue(const X509 *cert, int64_t now, int64_t *overdue)
{
    int64_t due = 0, end = 0;
    bool ok = cg_renewal_due(cert, now, &due) && cg_time_seconds(X509_get0_notAfter(cert), &end);
    *overdue = cg_renewal_overdue_from(due, end);
    return ok;
}

bool cg_renewal_is_unfinished(const struct cg_ca *ca, const char *name)
{
    bool done = false;
    const enum cg_rotation_state rotation = cg_rotation_state(ca, name);
    if (rotation != CG_ROTATION_NONE)
        return rotation == CG_ROTATION_LEFT;
    if (cg_deploy_is_done(ca, name, &done, NULL) && done)
        return false;
    return cg_generation_is_valid(ca, name, cg_generation_live(ca, name), NULL);
}
