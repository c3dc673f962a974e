/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_index.h"
#include "core/base/datetime.h"

#include <stdlib.h>
#include <string.h>

/* A record is the serial number in the width of its class, then 4 octets: the date in minutes (28 bits) and the
 * reason (4 bits). CAs choose serial numbers of 8, 16 or 20 octets, so a record has 12, 20 or 24 octets. Minutes
 * reach the year 2480. The date is for messages only; no verdict depends on it. */
#define PACKED      4
#define NO_REASON   15
#define MINUTES_MAX 0x0fffffff
#define BEFORE_1970 0 /* 1 is the first minute of 1970 */

static const size_t widths[CG_CRL_INDEX_CLASSES] = {8, 16, 20, 8, 16, 20}; /* the last three are for negative numbers */
#define STRIDE_MAX (CG_SERIAL_MAX + PACKED)

bool cg_serial_from_der(const unsigned char *content, size_t len, struct cg_serial *out)
{
    memset(out, 0, sizeof *out);
    if (len == 0)
        return false;
    out->negative = content[0] & 0x80;
    if (content[0] == 0) {
        content++;
        len--;
    }
    if (len > CG_SERIAL_MAX)
        return false;
    unsigned char *magnitude = out->magnitude + CG_SERIAL_MAX - len;
    memcpy(magnitude, content, len);
    unsigned carry = 1; /* two's complement: invert and add one */
    for (size_t i = len; out->negative && i-- > 0;) {
        carry += (unsigned char)~magnitude[i];
        magnitude[i] = (unsigned char)carry;
        carry >>= 8;
    }
    return true;
}

bool cg_serial_from_asn1(const ASN1_INTEGER *serial, struct cg_serial *out)
{
    memset(out, 0, sizeof *out);
    const unsigned char *data = ASN1_STRING_get0_data(serial);
    int len = ASN1_STRING_length(serial);
    for (; len > 0 && *data == 0; len--)
        data++;
    if (len > CG_SERIAL_MAX)
        return false;
    out->negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    if (len > 0)
        memcpy(out->magnitude + CG_SERIAL_MAX - len, data, (size_t)len);
    return true;
}

static int class_of(const struct cg_serial *serial)
{
    static const unsigned char zeros[CG_SERIAL_MAX];
    int i = 0;
    while (memcmp(serial->magnitude, zeros, CG_SERIAL_MAX - widths[i]) != 0)
        i++;
    return serial->negative ? i + CG_CRL_INDEX_CLASSES / 2 : i;
}

static void pack(const struct cg_crl_record *record, unsigned char out[PACKED])
{
    int64_t minutes = record->revoked_at < 0 ? BEFORE_1970 : record->revoked_at / 60 + 1;
    if (minutes > MINUTES_MAX)
        minutes = MINUTES_MAX;
    unsigned reason = record->reason < 0 || record->reason >= NO_REASON ? NO_REASON : (unsigned)record->reason;
    uint32_t word = (uint32_t)minutes << 4 | reason;
    memcpy(out, &word, PACKED);
}

static void unpack(const unsigned char in[PACKED], struct cg_crl_record *out)
{
    uint32_t word;
    memcpy(&word, in, PACKED);
    out->revoked_at = word >> 4 == BEFORE_1970 ? CG_TIME_NONE : ((int64_t)(word >> 4) - 1) * 60;
    out->reason = (word & 15) == NO_REASON ? -1 : (int)(word & 15);
}

void cg_crl_index_count(struct cg_crl_index *index, const struct cg_serial *serial)
{
    index->classes[class_of(serial)].count++;
}

bool cg_crl_index_reserve(struct cg_crl_index *index)
{
    for (int i = 0; i < CG_CRL_INDEX_CLASSES; i++) {
        if (index->classes[i].count == 0)
            continue;
        index->classes[i].records = calloc(index->classes[i].count, widths[i] + PACKED);
        if (!index->classes[i].records)
            return false;
    }
    return true;
}

void cg_crl_index_put(struct cg_crl_index *index, const struct cg_serial *serial, const struct cg_crl_record *record)
{
    int i = class_of(serial);
    if (index->classes[i].filled == index->classes[i].count)
        return;
    unsigned char *at = index->classes[i].records + index->classes[i].filled++ * (widths[i] + PACKED);
    memcpy(at, serial->magnitude + CG_SERIAL_MAX - widths[i], widths[i]);
    pack(record, at + widths[i]);
}

static void swap(unsigned char *a, unsigned char *b, size_t stride)
{
    unsigned char kept[STRIDE_MAX];
    memcpy(kept, a, stride);
    memcpy(a, b, stride);
    memcpy(b, kept, stride);
}

static void insertion_sort(unsigned char *base, size_t count, size_t stride)
{
    for (size_t i = 1; i < count; i++) {
        unsigned char kept[STRIDE_MAX];
        memcpy(kept, base + i * stride, stride);
        size_t to = i;
        for (; to > 0 && memcmp(base + (to - 1) * stride, kept, stride - PACKED) > 0; to--)
            memcpy(base + to * stride, base + (to - 1) * stride, stride);
        memcpy(base + to * stride, kept, stride);
    }
}

/* American flag sort. It is in place (a merge sort would double the memory) and never quadratic, whatever the CA's
 * order. One octet of the key per level, at most 20 levels. */
static void radix_sort(unsigned char *base, size_t count, size_t stride, size_t octet)
{
    if (count < 32 || octet == stride - PACKED) {
        if (octet < stride - PACKED)
            insertion_sort(base, count, stride);
        return;
    }
    size_t start[257] = {0}, next[256];
    for (size_t i = 0; i < count; i++)
        start[base[i * stride + octet] + 1]++;
    for (int b = 0; b < 256; b++)
        start[b + 1] += start[b];
    memcpy(next, start, sizeof next);
    for (int b = 0; b < 256; b++)
        while (next[b] < start[b + 1]) {
            unsigned char *at = base + next[b] * stride;
            if (at[octet] == b)
                next[b]++;
            else
                swap(at, base + next[at[octet]]++ * stride, stride);
        }
    for (int b = 0; b < 256; b++)
        radix_sort(base + start[b] * stride, start[b + 1] - start[b], stride, octet + 1);
}

static bool is_sorted(const unsigned char *base, size_t count, size_t stride)
{
    for (size_t i = 1; i < count; i++)
        if (memcmp(base + (i - 1) * stride, base + i * stride, stride - PACKED) > 0)
            return false;
    return true;
}

void cg_crl_index_sort(struct cg_crl_index *index)
{
    for (int i = 0; i < CG_CRL_INDEX_CLASSES; i++) {
        unsigned char *records = index->classes[i].records;
        size_t stride = widths[i] + PACKED;
        if (!is_sorted(records, index->classes[i].filled, stride))
            radix_sort(records, index->classes[i].filled, stride, 0);
    }
}

void cg_crl_index_clear(struct cg_crl_index *index)
{
    for (int i = 0; i < CG_CRL_INDEX_CLASSES; i++)
        free(index->classes[i].records);
    memset(index, 0, sizeof *index);
}

bool cg_crl_index_find(const struct cg_crl_index *index, const struct cg_serial *serial, struct cg_crl_record *out)
{
    int i = class_of(serial);
    size_t width = widths[i], low = 0, high = index->classes[i].filled;
    const unsigned char *key = serial->magnitude + CG_SERIAL_MAX - width;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const unsigned char *at = index->classes[i].records + middle * (width + PACKED);
        int order = memcmp(key, at, width);
        if (order == 0) {
            unpack(at + width, out);
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

size_t cg_crl_index_entries(const struct cg_crl_index *index)
{
    size_t sum = 0;
    for (int i = 0; i < CG_CRL_INDEX_CLASSES; i++)
        sum += index->classes[i].filled;
    return sum;
}
