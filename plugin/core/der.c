/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "der.h"

#include <string.h>

/* Length octets after the tag. A long form that would fit a shorter one is BER: two encodings of one CRL would
 * then carry one signature, and other readers might see another structure. */
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
    bool starts = true; /* an arc */
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

static bool two_digits(const unsigned char *p, int low, int high, int *out)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return false;
    *out = (p[0] - '0') * 10 + (p[1] - '0');
    return *out >= low && *out <= high;
}

/* Days since 1970-01-01 in the Gregorian calendar; the year starts in March, so that the leap day is its last. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t shifted = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - 719468;
}

static int days_in_month(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* p: MMDDHHMMSSZ */
static bool read_time(int year, const unsigned char *p, int64_t *seconds)
{
    int month, day, hour, minute, second;
    if (!two_digits(p, 1, 12, &month) || !two_digits(p + 2, 1, days_in_month(year, month), &day) ||
        !two_digits(p + 4, 0, 23, &hour) || !two_digits(p + 6, 0, 59, &minute) || !two_digits(p + 8, 0, 59, &second) ||
        p[10] != 'Z')
        return false;
    *seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

bool cg_der_generalized_time(const struct cg_der *content, int64_t *seconds)
{
    int century, year;
    return cg_der_left(content) == 15 && two_digits(content->at, 0, 99, &century) &&
           two_digits(content->at + 2, 0, 99, &year) && read_time(century * 100 + year, content->at + 4, seconds);
}

bool cg_der_take_time(struct cg_der *in, int64_t *seconds)
{
    struct cg_der content;
    if (cg_der_take(in, CG_DER_GENERALIZED_TIME, &content))
        return cg_der_generalized_time(&content, seconds);
    int year;
    /* RFC 5280 4.1.2.5.1: two digits of 50 and more are 19YY */
    return cg_der_take(in, CG_DER_UTC_TIME, &content) && cg_der_left(&content) == 13 &&
           two_digits(content.at, 0, 99, &year) &&
           read_time(year + (year >= 50 ? 1900 : 2000), content.at + 2, seconds);
}

bool cg_der_equal(const struct cg_der *a, const struct cg_der *b)
{
    size_t len = cg_der_left(a);
    return len == cg_der_left(b) && memcmp(a->at, b->at, len) == 0;
}
