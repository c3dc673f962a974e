/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "renewal.h"
#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "deploy.h"
#include "generation.h"
#include "rotation.h"

#define SHORT_LIFE (10 * CG_DAY)

bool cg_renewal_due(const X509 *cert, int64_t now, int64_t *due)
{
    int64_t start = 0, end = 0;
    *due = 0;
    if (!cg_time_seconds(X509_get0_notBefore(cert), &start) || !cg_time_seconds(X509_get0_notAfter(cert), &end) ||
        end < start)
        return false;
    if (start > now) {
        *due = now;
        return true;
    }
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    int len = ASN1_STRING_length(serial);
    int64_t life = end - start, share = len > 0 ? bytes[len - 1] : 0;
    *due = start + (life <= SHORT_LIFE ? life / 2 : life / 3 * 2) + life / 20 * share / 256;
    return true;
}

bool cg_renewal_overdue(const X509 *cert, int64_t now, int64_t *overdue)
{
    int64_t due = 0, end = 0;
    bool ok = cg_renewal_due(cert, now, &due) && cg_time_seconds(X509_get0_notAfter(cert), &end);
    int64_t half = (end - due) / 2;
    *overdue = due + (half < CG_DAY ? half : CG_DAY);
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
