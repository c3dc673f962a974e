/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Moments in 64 bits: what a certificate may say as a date, on systems of 32 bits too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/datetime.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *text, *asn1;
    int64_t seconds;
} boundaries[] = {
    {"0000-01-01T00:00:00Z", "00000101000000Z", INT64_C(-62167219200)},
    {"0000-02-29T00:00:00Z", "00000229000000Z", INT64_C(-62162121600)},
    {"0000-03-01T00:00:00Z", "00000301000000Z", INT64_C(-62162035200)},
    {"1900-02-28T23:59:59Z", "19000228235959Z", INT64_C(-2203891201)},
    {"1900-03-01T00:00:00Z", "19000301000000Z", INT64_C(-2203891200)},
    {"1901-12-13T20:45:52Z", "19011213204552Z", INT64_C(-2147483648)},
    {"1949-12-31T23:59:59Z", "19491231235959Z", INT64_C(-631152001)},
    {"1950-01-01T00:00:00Z", "500101000000Z", INT64_C(-631152000)},
    {"1969-12-31T23:59:59Z", "691231235959Z", -1},
    {"1970-01-01T00:00:00Z", "700101000000Z", 0},
    {"2000-02-29T12:00:00Z", "000229120000Z", INT64_C(951825600)},
    {"2038-01-19T03:14:07Z", "380119031407Z", INT64_C(2147483647)},
    {"2038-01-19T03:14:08Z", "380119031408Z", INT64_C(2147483648)},
    {"2049-12-31T23:59:59Z", "491231235959Z", INT64_C(2524607999)},
    {"2050-01-01T00:00:00Z", "20500101000000Z", INT64_C(2524608000)},
    {"2100-02-28T23:59:59Z", "21000228235959Z", INT64_C(4107542399)},
    {"2100-03-01T00:00:00Z", "21000301000000Z", INT64_C(4107542400)},
    {"2106-02-07T06:28:16Z", "21060207062816Z", INT64_C(4294967296)},
    {"9999-12-31T23:59:59Z", "99991231235959Z", CG_TIME_LAST},
};

static void boundaries_are_read_and_written(void **state)
{
    (void)state;
    ASN1_TIME *time = ASN1_TIME_new();
    assert_non_null(time);
    for (size_t i = 0; i < sizeof boundaries / sizeof *boundaries; i++) {
        char text[CG_TIME_TEXT_MAX], asn1[CG_TIME_ASN1_MAX];
        int64_t seconds = 1;
        cg_time_print(boundaries[i].seconds, text);
        assert_string_equal(text, boundaries[i].text);
        assert_true(cg_time_read_text(text, &seconds));
        assert_true(seconds == boundaries[i].seconds);
        assert_true(cg_time_asn1_text(boundaries[i].seconds, asn1));
        assert_string_equal(asn1, boundaries[i].asn1);
        assert_true(cg_time_set(time, boundaries[i].seconds));
        assert_int_equal(ASN1_STRING_type(time), strlen(asn1) == 13 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
        assert_string_equal((const char *)ASN1_STRING_get0_data(time), asn1);
        assert_true(cg_time_seconds(time, &seconds));
        assert_true(seconds == boundaries[i].seconds);
    }
    ASN1_TIME_free(time);
}

static void no_other_year_can_be_said(void **state)
{
    (void)state;
    static const int64_t rows[] = {CG_TIME_LAST + 1, INT64_C(-62167219201), INT64_MAX, INT64_MIN};
    ASN1_TIME *time = ASN1_TIME_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[CG_TIME_TEXT_MAX], asn1[CG_TIME_ASN1_MAX];
        assert_false(cg_time_asn1_text(rows[i], asn1));
        assert_string_equal(asn1, "");
        assert_false(cg_time_set(time, rows[i]));
        cg_time_print(rows[i], text);
        assert_string_equal(text, rows[i] < 0 ? "0000-01-01T00:00:00Z" : "9999-12-31T23:59:59Z");
    }
    ASN1_TIME_free(time);
}

static void times_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *says, *in;
        int type;
        bool ok;
        int64_t out;
    } rows[] = {
        {"UTCTime", "300317174640Z", V_ASN1_UTCTIME, true, 1900000000},
        {"GeneralizedTime", "20300317174640Z", V_ASN1_GENERALIZEDTIME, true, 1900000000},
        {"leap day", "20240229000000Z", V_ASN1_GENERALIZEDTIME, true, 1709164800},
        {"no leap day", "20230229000000Z", V_ASN1_GENERALIZEDTIME, false, CG_TIME_NONE},
        {"no leap year in 2100", "21000229000000Z", V_ASN1_GENERALIZEDTIME, false, CG_TIME_NONE},
        {"month 0", "300001000000Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"month 13", "301301000000Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"day 0", "300100000000Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"31 June", "300631000000Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"hour 24", "300317240000Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"minute 60", "300317176000Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"second 60", "300317174660Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"no seconds", "3003171746Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"an offset", "300317174640+0000", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"no Z", "3003171746400", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"a fraction", "20300317174640.5Z", V_ASN1_GENERALIZEDTIME, false, CG_TIME_NONE},
        {"no digits", "3003171746x0Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"a blank", "30031717464 0", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"the other type's length", "20300317174640Z", V_ASN1_UTCTIME, false, CG_TIME_NONE},
        {"no time at all", "300317174640Z", V_ASN1_OCTET_STRING, false, CG_TIME_NONE},
        {"empty", "", V_ASN1_UTCTIME, false, CG_TIME_NONE},
    };
    int64_t out = 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ASN1_STRING *time = ASN1_STRING_type_new(rows[i].type);
        assert_non_null(time);
        assert_int_equal(ASN1_STRING_set(time, rows[i].in, -1), 1);
        bool ok = cg_time_seconds(time, &out);
        if (ok != rows[i].ok || out != rows[i].out)
            fail_msg("%s: got %lld", rows[i].says, (long long)out);
        ASN1_STRING_free(time);
    }
    assert_false(cg_time_seconds(NULL, &out));
}

static void databases_are_read_leniently(void **state)
{
    (void)state;
    static const struct {
        const char *in, *same; /* same NULL: no time */
    } rows[] = {
        {"300317174640Z", "300317174640Z"},
        {"20300317174640Z", "300317174640Z"},
        {"300631000000Z", "300701000000Z"},
        {"230230120000Z", "230302120000Z"},
        {"20230231120000Z", "230303120000Z"},
        {"301231235960Z", "310101000000Z"},
        {"16010101000000Z", "16010101000000Z"},
        {"99991231235959Z", "99991231235959Z"},
        {"300632000000Z", NULL},
        {"300600000000Z", NULL},
        {"301331000000Z", NULL},
        {"300017000000Z", NULL},
        {"300317174661Z", NULL},
        {"300317176000Z", NULL},
        {"3003171746Z", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[CG_TIME_ASN1_MAX];
        int64_t out = 1;
        bool ok = cg_time_read_lenient(rows[i].in, strlen(rows[i].in), &out);
        assert_int_equal(ok, rows[i].same != NULL);
        cg_time_asn1_text(out, text);
        if (ok)
            assert_string_equal(text, rows[i].same);
        else
            assert_true(out == CG_TIME_NONE);
    }
}

static void text_is_read_strictly(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "2030",
                                        "2030-3-17",
                                        "2030-03-17T17:46:40",
                                        "2030-03-17 17:46:40Z",
                                        "2030-03-17T17:46Z",
                                        "2030-02-30",
                                        "2030-13-01",
                                        "2030-00-10",
                                        "2030-03-17T24:00:00Z",
                                        "2030-03-17T17:46:40+00:00",
                                        " 2030-03-17",
                                        "2030- 3-17",
                                        "10000-01-01"};
    int64_t seconds = 1;
    char text[32];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (cg_time_read_text(wrong[i], &seconds) || seconds != CG_TIME_NONE)
            fail_msg("\"%s\" was read", wrong[i]);
    assert_true(cg_time_read_text("2030-03-17", &seconds));
    assert_true(seconds == 1899936000);
    cg_time_text(1900000000, text, sizeof text);
    assert_string_equal(text, "2030-03-17T17:46:40Z");
    cg_time_text(0, text, sizeof text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    cg_time_text(CG_TIME_FIRST, text, sizeof text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    cg_time_text(CG_TIME_NONE, text, sizeof text);
    assert_string_equal(text, "");
    cg_time_text(CG_TIME_NO_END, text, sizeof text);
    assert_string_equal(text, "");
    cg_time_text(1900000000, text, 5);
    assert_string_equal(text, "2030");
}

/* Each day of 10000 years follows the previous one, and reads back as the same date. */
static void every_day_follows_another(void **state)
{
    (void)state;
    struct cg_date last = {.year = -1, .month = 12, .day = 31};
    int64_t at = boundaries[0].seconds, seconds = 0;
    for (; at <= CG_TIME_LAST; at += 86400) {
        struct cg_date date = cg_date_of(at);
        bool same_month = date.year == last.year && date.month == last.month && date.day == last.day + 1;
        bool next_month = date.day == 1 && last.day >= 28 && date.month == last.month % 12 + 1 &&
                          date.year == last.year + (last.month == 12);
        assert_true(same_month || next_month);
        assert_true(cg_date_seconds(&date, &seconds) && seconds == at);
        last = date;
    }
    assert_true(last.year == 9999 && last.month == 12 && last.day == 31);
}

/* The system's own calendar says the same, where its time_t reaches that far. */
static void the_system_agrees(void **state)
{
    (void)state;
    if (sizeof(time_t) < sizeof(int64_t))
        skip();
    uint64_t random = 88172645463325252U; /* xorshift: the same moments each time */
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        int64_t at = boundaries[0].seconds + (int64_t)(random % (uint64_t)(CG_TIME_LAST - boundaries[0].seconds));
        time_t system = (time_t)at;
        struct tm tm;
        struct cg_date date = cg_date_of(at);
        assert_non_null(gmtime_r(&system, &tm));
        assert_true(date.year == tm.tm_year + 1900 && date.month == tm.tm_mon + 1 && date.day == tm.tm_mday &&
                    date.hour == tm.tm_hour && date.minute == tm.tm_min && date.second == tm.tm_sec);
        int64_t seconds = 0;
        assert_true(cg_date_seconds(&date, &seconds));
        assert_true(seconds == (int64_t)timegm(&tm));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boundaries_are_read_and_written),
        cmocka_unit_test(no_other_year_can_be_said),
        cmocka_unit_test(times_are_read_strictly),
        cmocka_unit_test(databases_are_read_leniently),
        cmocka_unit_test(text_is_read_strictly),
        cmocka_unit_test(every_day_follows_another),
        cmocka_unit_test(the_system_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
