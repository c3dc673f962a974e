/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "der.h"
#include "core/base/datetime.h"

#include <string.h>

/* The length octets after the tag. A long form whose value fits a shorter form is BER: one signature would then fit
 * two encodings of a CRL, and other readers might see another structure. */
static bool take_length(const unsigned char **at, const unsigned char *end, size_t *out)
{
    if (*at == end)
        return false;
    unsigned first = *(*at)++;
    if (first < 0x80) {
        *out = first;
        return true;
    }
    size_t octets = first & 0x7f, length = 0;
    if (octets == 0 || octets > sizeof length || (size_t)(end - *at) < octets || **at == 0)
        return false;
    for (size_t i = 0; i < octets; i++)
        length = length << 8 | *(*at)++;
    *out = length;
    return length >= 0x80;
}

bool cg_der_take(struct cg_der *in, unsigned tag, struct cg_der *content)
{
    if (!cg_der_is(in, tag))
        return false;
    const unsigned char *at = in->at + 1;
    size_t length;
    if (!take_length(&at, in->end, &length) || length > (size_t)(in->end - at))
        return false;
    content->at = at;
    content->end = in->at = at + length;
    return true;
}

bool cg_der_take_whole(struct cg_der *in, unsigned tag, struct cg_der *whole)
{
    const unsigned char *start = in->at;
    struct cg_der content;
    if (!cg_der_take(in, tag, &content))
        return false;
    whole->at = start;
    whole->end = content.end;
    return true;
}

bool cg_der_integer_is_minimal(const struct cg_der *content)
{
    const unsigned char *p = content->at;
    if (cg_der_left(content) < 2)
        return cg_der_left(content) == 1;
    return !(p[0] == 0x00 && p[1] < 0x80) && !(p[0] == 0xff && p[1] >= 0x80);
}

bool cg_der_oid_is_strict(const struct cg_der *content)
{
    bool starts = true; /* at the start of an arc */
    for (const unsigned char *p = content->at; p < content->end; p++) {
        if (starts && *p == 0x80)
            return false;
        starts = !(*p & 0x80);
    }
    return starts && content->at < content->end;
}

bool cg_der_take_default_false(struct cg_der *in, bool *value)
{
    *value = false;
    if (!cg_der_is(in, CG_DER_BOOLEAN))
        return true;
    struct cg_der content;
    if (!cg_der_take(in, CG_DER_BOOLEAN, &content) || cg_der_left(&content) != 1 || *content.at != 0xff)
        return false;
    *value = true;
    return true;
}

bool cg_der_generalized_time(const struct cg_der *content, int64_t *seconds)
{
    return cg_time_read_generalized(content->at, cg_der_left(content), seconds);
}

bool cg_der_take_time(struct cg_der *in, int64_t *seconds)
{
    struct cg_der content;
    if (cg_der_take(in, CG_DER_GENERALIZED_TIME, &content))
        return cg_der_generalized_time(&content, seconds);
    return cg_der_take(in, CG_DER_UTC_TIME, &content) && cg_time_read_utc(content.at, cg_der_left(&content), seconds);
}

bool cg_der_equal(const struct cg_der *a, const struct cg_der *b)
{
    size_t len = cg_der_left(a);
    return len == cg_der_left(b) && memcmp(a->at, b->at, len) == 0;
}
