/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "datetime.h"

#include <stdio.h>
#include <string.h>

#define DAYS_OF_400    146097 /* the calendar repeats after 400 years */
#define MARCH_OF_ZERO  719468 /* days from 0000-03-01 to 1970-01-01 */
#define UTC_FIRST_YEAR 1950   /* two-digit years mean 1950 to 2049 */
#define UTC_LAST_YEAR  2049

/* The formats. A letter is a digit of one part of the date; any other character is literal. */
static const char utc_time[] = "YYMMDDhhmmssZ", generalized_time[] = "YYYYMMDDhhmmssZ", full_date[] = "YYYY-MM-DD",
                  date_time[] = "YYYY-MM-DDThh:mm:ssZ";

static int *part_of(struct cg_date *date, char letter)
{
    switch (letter) {
    case 'Y':
        return &date->year;
    case 'M':
        return &date->month;
    case 'D':
        return &date->day;
    case 'h':
        return &date->hour;
    case 'm':
        return &date->minute;
    case 's':
        return &date->second;
    default:
        return NULL;
    }
}

static bool read_shape(const char *shape, const unsigned char *text, size_t len, struct cg_date *out)
{
    *out = (struct cg_date){0};
    if (len != strlen(shape))
        return false;
    for (size_t i = 0; i < len; i++) {
        int *part = part_of(out, shape[i]);
        if (part ? text[i] < '0' || text[i] > '9' : text[i] != (unsigned char)shape[i])
            return false;
        if (part)
            *part = *part * 10 + text[i] - '0';
    }
    return true;
}

/* out: strlen(shape) + 1 bytes */
static void write_shape(const char *shape, struct cg_date date, char *out)
{
    size_t n = strlen(shape);
    out[n] = '\0';
    while (n-- > 0) {
        int *part = part_of(&date, shape[n]);
        out[n] = (char)(part ? '0' + *part % 10 : shape[n]);
        if (part)
            *part /= 10;
    }
}

static int days_in_month(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01. The year starts in March, so the leap day is the last day of the year. Then the months of
 * every year start on the same days: (153 * month + 2) / 5. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = (month > 2 ? year : year - 1) + 400; /* not negative, since a division would round toward zero */
    int64_t shifted = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - MARCH_OF_ZERO - DAYS_OF_400;
}

bool cg_date_seconds(const struct cg_date *date, int64_t *seconds)
{
    *seconds = CG_TIME_NONE;
    if (date->year < 0 || date->year > 9999 || date->month < 1 || date->month > 12 || date->day < 1 ||
        date->day > days_in_month(date->year, date->month) || date->hour < 0 || date->hour > 23 || date->minute < 0 ||
        date->minute > 59 || date->second < 0 || date->second > 59)
        return false;
    int64_t days = days_since_1970(date->year, date->month, date->day);
    *seconds = days * CG_DAY + date->hour * 3600 + date->minute * 60 + date->second;
    return true;
}

/* The reverse, within periods of 400 years that start in March. Their leap days are subtracted first. */
struct cg_date cg_date_of(int64_t seconds)
{
    seconds = seconds < CG_TIME_FIRST ? CG_TIME_FIRST : seconds > CG_TIME_LAST ? CG_TIME_LAST : seconds;
    int64_t since_march = (seconds - CG_TIME_FIRST) / CG_DAY - 60 +
                          DAYS_OF_400; /* 60: January and February of the year 0 */
    int second = (int)((seconds - CG_TIME_FIRST) % CG_DAY), day = (int)(since_march % DAYS_OF_400);
    int year = (day - day / 1460 + day / 36524 - day / (DAYS_OF_400 - 1)) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int month = (5 * day + 2) / 153;
    return (struct cg_date){.year = (int)(since_march / DAYS_OF_400 - 1) * 400 + year + (month >= 10),
                            .month = month < 10 ? month + 3 : month - 9,
                            .day = day - (153 * month + 2) / 5 + 1,
                            .hour = second / 3600,
                            .minute = second / 60 % 60,
                            .second = second % 60};
}

static bool read_utc_shape(const void *text, size_t len, struct cg_date *date)
{
    if (!read_shape(utc_time, text, len, date))
        return false;
    date->year += date->year + 1900 < UTC_FIRST_YEAR ? 2000 : 1900;
    return true;
}

bool cg_time_read_utc(const void *text, size_t len, int64_t *seconds)
{
    struct cg_date date;
    *seconds = CG_TIME_NONE;
    return read_utc_shape(text, len, &date) && cg_date_seconds(&date, seconds);
}

bool cg_time_read_generalized(const void *text, size_t len, int64_t *seconds)
{
    struct cg_date date;
    *seconds = CG_TIME_NONE;
    return read_shape(generalized_time, text, len, &date) && cg_date_seconds(&date, seconds);
}

bool cg_time_read_lenient(const void *text, size_t len, int64_t *seconds)
{
    struct cg_date date;
    *seconds = CG_TIME_NONE;
    if ((!read_utc_shape(text, len, &date) && !read_shape(generalized_time, text, len, &date)) || date.month < 1 ||
        date.month > 12 || date.day > 31)
        return false;
    int days = days_in_month(date.year, date.month), over = date.day > days ? date.day - days : 0;
    bool leap_second = date.second == 60;
    date.day -= over;
    date.second -= leap_second;
    if (!cg_date_seconds(&date, seconds))
        return false;
    *seconds += over * CG_DAY + leap_second;
    return true;
}

bool cg_time_seconds(const ASN1_TIME *time, int64_t *out)
{
    *out = CG_TIME_NONE;
    if (!time)
        return false;
    const unsigned char *text = ASN1_STRING_get0_data(time);
    size_t len = (size_t)ASN1_STRING_length(time);
    int type = ASN1_STRING_type(time);
    return type == V_ASN1_UTCTIME           ? cg_time_read_utc(text, len, out)
           : type == V_ASN1_GENERALIZEDTIME ? cg_time_read_generalized(text, len, out)
                                            : false;
}

bool cg_time_read_text(const char *text, int64_t *seconds)
{
    struct cg_date date;
    const unsigned char *bytes = (const unsigned char *)text;
    size_t len = strlen(text);
    *seconds = CG_TIME_NONE;
    return (read_shape(full_date, bytes, len, &date) || read_shape(date_time, bytes, len, &date)) &&
           cg_date_seconds(&date, seconds);
}

void cg_time_print(int64_t seconds, char out[CG_TIME_TEXT_MAX])
{
    write_shape(date_time, cg_date_of(seconds), out);
}

void cg_time_text(int64_t seconds, char *out, size_t size)
{
    char text[CG_TIME_TEXT_MAX] = "";
    if (seconds != CG_TIME_NONE && seconds != CG_TIME_NO_END)
        cg_time_print(seconds, text);
    snprintf(out, size, "%s", text);
}

bool cg_time_asn1_text(int64_t seconds, char out[CG_TIME_ASN1_MAX])
{
    out[0] = '\0';
    if (seconds < CG_TIME_FIRST || seconds > CG_TIME_LAST)
        return false;
    struct cg_date date = cg_date_of(seconds);
    bool utc = date.year >= UTC_FIRST_YEAR && date.year <= UTC_LAST_YEAR;
    write_shape(utc ? utc_time : generalized_time, date, out);
    return true;
}

bool cg_time_set(ASN1_TIME *out, int64_t seconds)
{
    char text[CG_TIME_ASN1_MAX];
    return cg_time_asn1_text(seconds, text) && ASN1_TIME_set_string(out, text) == 1;
}

struct timespec cg_timespec(int64_t ms)
{
    return (struct timespec){.tv_sec = (int)(ms / 1000), .tv_nsec = (int)(ms % 1000) * 1000000L};
}
