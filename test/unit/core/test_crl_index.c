/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The index: exact for every serial number, whatever the order; and the DER cursor's times. */
#include "core/base/datetime.h"
#include "core/cert/der.h"
#include "core/crl/crl_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Serial numbers of all widths and both signs; few different octets, so that long common prefixes occur. */
static struct cg_serial random_serial(uint64_t *state)
{
    unsigned char content[21];
    size_t len = 1 + (size_t)(next_random(state) % 20);
    for (size_t i = 0; i < len; i++)
        content[i] = (unsigned char)(next_random(state) % 3 ? 0x80u >> next_random(state) % 2 : next_random(state));
    struct cg_serial serial;
    assert_true(cg_serial_from_der(content, len, &serial));
    return serial;
}

static int order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct cg_serial));
}

#define MANY 20000

static void finds_all_and_nothing_else(void **state)
{
    (void)state;
    static struct cg_serial kept[MANY];
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    struct cg_crl_index index = {0};
    for (size_t i = 0; i < MANY; i++) {
        kept[i] = random_serial(&seed);
        cg_crl_index_count(&index, &kept[i]);
    }
    assert_true(cg_crl_index_reserve(&index));
    for (size_t i = 0; i < MANY; i++)
        cg_crl_index_put(&index, &kept[i], &(struct cg_crl_record){.revoked_at = 60 * (int64_t)i, .reason = 1});
    cg_crl_index_sort(&index);
    assert_int_equal(cg_crl_index_entries(&index), MANY);
    qsort(kept, MANY, sizeof kept[0], order);
    size_t hits = 0;
    for (size_t i = 0; i < 2 * MANY; i++) {
        struct cg_crl_record record;
        struct cg_serial asked = i < MANY ? kept[i] : random_serial(&seed);
        bool there = bsearch(&asked, kept, MANY, sizeof kept[0], order) != NULL;
        assert_int_equal(cg_crl_index_find(&index, &asked, &record), there);
        hits += there;
    }
    assert_true(hits >= MANY && hits < 2 * MANY);
    cg_crl_index_clear(&index);
}

static void keeps_date_and_reason(void **state)
{
    (void)state;
    static const struct {
        int64_t at, expected;
        int reason;
    } rows[] = {{0, 0, -1},
                {59, 0, -1},
                {1767225661, 1767225660, 0},
                {-5, CG_TIME_NONE, 10},
                {INT64_C(1) << 40, INT64_C(0x0ffffffe) * 60, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cg_crl_index index = {0};
        struct cg_serial serial;
        struct cg_crl_record record;
        assert_true(cg_serial_from_der((const unsigned char *)"\x05", 1, &serial));
        assert_false(cg_crl_index_find(&index, &serial, &record));
        cg_crl_index_count(&index, &serial);
        assert_true(cg_crl_index_reserve(&index));
        cg_crl_index_put(&index, &serial, &(struct cg_crl_record){rows[i].at, rows[i].reason});
        cg_crl_index_put(&index, &serial, &(struct cg_crl_record){1, 1}); /* more than was counted: dropped */
        cg_crl_index_sort(&index);
        assert_true(cg_crl_index_find(&index, &serial, &record));
        assert_int_equal(record.revoked_at, rows[i].expected);
        assert_int_equal(record.reason, rows[i].reason);
        cg_crl_index_clear(&index);
    }
}

/* What stands in a CRL and what OpenSSL reads from a certificate are the same number. */
static void der_and_openssl_agree(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        size_t len;
    } rows[] = {{"\x00", 1},         {"\x7f", 1},     {"\x00\x80", 2},     {"\x80", 1},
                {"\xff", 1},         {"\xff\x00", 2}, {"\xff\x7f", 2},     {"\x01\x00\x00", 3},
                {"\x80\x00\x00", 3}, {"\xfe\xff", 2}, {"\x00\xff\xff", 3}, {"\x80\x00\x00\x00\x00\x00\x00\x00\x00", 9}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char der[32] = {2, (unsigned char)rows[i].len};
        memcpy(der + 2, rows[i].content, rows[i].len);
        const unsigned char *at = der;
        ASN1_INTEGER *integer = d2i_ASN1_INTEGER(NULL, &at, (long)rows[i].len + 2);
        struct cg_serial ours, theirs;
        assert_non_null(integer);
        assert_true(cg_serial_from_der(der + 2, rows[i].len, &ours));
        assert_true(cg_serial_from_asn1(integer, &theirs));
        assert_memory_equal(&ours, &theirs, sizeof ours);
        ASN1_INTEGER_free(integer);
    }
}

static void too_long_serials(void **state)
{
    (void)state;
    unsigned char content[22] = {0, 0xff};
    struct cg_serial serial;
    assert_true(cg_serial_from_der(content, 21, &serial)); /* 20 octets and the sign's zero */
    content[0] = 1;
    assert_false(cg_serial_from_der(content, 21, &serial));
    content[0] = 0x80;
    assert_false(cg_serial_from_der(content, 21, &serial));
    assert_false(cg_serial_from_der(content, 0, &serial));
}

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        int64_t seconds; /* -1: refused */
    } rows[] = {
        {"\x17\x0d"
         "700101000000Z",
         0},
        {"\x17\x0d"
         "260101000000Z",
         1767225600},
        {"\x17\x0d"
         "491231235959Z",
         INT64_C(2524607999)},
        {"\x17\x0d"
         "240229120000Z",
         1709208000},
        {"\x18\x0f"
         "20500101000000Z",
         INT64_C(2524608000)},
        {"\x18\x0f"
         "21000228235959Z",
         INT64_C(4107542399)},
        {"\x18\x0f"
         "99991231235959Z",
         INT64_C(253402300799)},
        {"\x18\x0f"
         "21000229000000Z",
         -1},
        {"\x17\x0d"
         "230229000000Z",
         -1},
        {"\x17\x0d"
         "231301000000Z",
         -1},
        {"\x17\x0d"
         "230001000000Z",
         -1},
        {"\x17\x0d"
         "230101240000Z",
         -1},
        {"\x17\x0d"
         "230101006000Z",
         -1},
        {"\x17\x0d"
         "230101000060Z",
         -1},
        {"\x17\x0b"
         "2301010000Z",
         -1},
        {"\x17\x11"
         "230101000000+0100",
         -1},
        {"\x18\x11"
         "20230101000000.5Z",
         -1},
        {"\x17\x0d"
         "2301010000 0Z",
         -1},
        {"\x17\x0d"
         "230101000000z",
         -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const unsigned char *der = (const unsigned char *)rows[i].der;
        struct cg_der in = {der, der + strlen(rows[i].der)};
        int64_t seconds = -1;
        bool ok = cg_der_take_time(&in, &seconds);
        if (ok != (rows[i].seconds != -1) || (ok && seconds != rows[i].seconds))
            fail_msg("%s: got %lld", rows[i].der + 2, (long long)seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_all_and_nothing_else),
        cmocka_unit_test(keeps_date_and_reason),
        cmocka_unit_test(der_and_openssl_agree),
        cmocka_unit_test(too_long_serials),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
