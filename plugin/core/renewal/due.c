/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "due.h"

#include "core/base/datetime.h"

#define SHORT_LIFE (10 * CG_DAY)
#define MOVE_OPEN  (36 * INT64_C(3600))

/* The last octet of the serial number, which is random. */
static unsigned share_of(const X509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    const int len = ASN1_STRING_length(serial);
    return len > 0 ? bytes[len - 1] : 0;
}

static bool dates_of(const X509 *cert, int64_t *start, int64_t *end)
{
    return cg_time_seconds(X509_get0_notBefore(cert), start) && cg_time_seconds(X509_get0_notAfter(cert), end);
}

bool cg_renewal_due_between(int64_t start, int64_t end, unsigned share, int64_t now, int64_t *due)
{
    const int64_t life = end - start;
    *due = start > now ? now : start + (life <= SHORT_LIFE ? life / 2 : life / 3 * 2) + life / 20 * share / 256;
    return end >= start;
}

bool cg_renewal_due(const X509 *cert, int64_t now, int64_t *due)
{
    int64_t start = 0, end = 0;
    *due = 0;
    return dates_of(cert, &start, &end) && cg_renewal_due_between(start, end, share_of(cert), now, due);
}

bool cg_renewal_opens(const X509 *cert, int64_t now, int64_t *opens)
{
    int64_t start = 0, end = 0;
    *opens = 0;
    if (!dates_of(cert, &start, &end) || end < start)
        return false;
    *opens = start > now ? now : start + (end - start) / 2;
    return true;
}

int64_t cg_renewal_move_in(const X509 *cert, int64_t now)
{
    const int64_t phase = CG_RENEWAL_MOVE_SPREAD / 256 * share_of(cert);
    int64_t since = (now - phase) % CG_RENEWAL_MOVE_SPREAD;
    since += since < 0 ? CG_RENEWAL_MOVE_SPREAD : 0;
    return since < MOVE_OPEN ? 0 : CG_RENEWAL_MOVE_SPREAD - since;
}
