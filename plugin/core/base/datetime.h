/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Points in time: seconds since 1970 in 64 bits. The types of the C library and of OpenSSL have 32 bits on some
 * systems and end in 2038, so only this file reads, calculates and writes the dates of certificates (Gregorian
 * calendar, UTC).
 * Nothing is allocated except by cg_time_set. Any thread may call. Used by the core, the broker layer and the tool. */
#ifndef CG_DATETIME_H
#define CG_DATETIME_H

#include <openssl/asn1.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CG_DAY INT64_C(86400) /* in seconds */

#define CG_TIME_FIRST INT64_C(-62167219200) /* 0000-01-01T00:00:00Z: the earliest time in a certificate */
#define CG_TIME_LAST  INT64_C(253402300799) /* 9999-12-31T23:59:59Z: the latest time in a certificate */

/* 0 is an ordinary time, 1970-01-01T00:00:00Z. As the end of a zero-initialized object, it means expired. */
#define CG_TIME_NONE   (CG_TIME_FIRST - 1) /* no time: earlier than all others, and far from where sums overflow */
#define CG_TIME_NO_END INT64_MAX           /* for the end of something: never */

struct cg_date {
    int year, month, day, hour, minute, second; /* year 0 to 9999, month and day from 1 */
};

/* False and CG_TIME_NONE if there is no such date. The functions below do the same. */
bool cg_date_seconds(const struct cg_date *date, int64_t *seconds);

/* The date of a time. Outside the years 0 to 9999, the nearest date in them. */
struct cg_date cg_date_of(int64_t seconds);

/* The content of a UTCTime or GeneralizedTime in the form of RFC 5280 4.1.2.5: with seconds, without fraction, ending
 * in Z. False if it is malformed. */
bool cg_time_read_utc(const void *text, size_t len, int64_t *seconds);
bool cg_time_read_generalized(const void *text, size_t len, int64_t *seconds);

/* Either of them as people and other tools write it into databases. A day up to 31 that its month does not have, and
 * a 60th second, count from the last valid one. Not for certificates. */
bool cg_time_read_lenient(const void *text, size_t len, int64_t *seconds);

/* An ASN1_TIME in the form of RFC 5280. False and CG_TIME_NONE for NULL too. */
bool cg_time_seconds(const ASN1_TIME *time, int64_t *out);

/* A date, "2026-11-23", or RFC 3339 in UTC, "2026-11-23T12:00:00Z". */
bool cg_time_read_text(const char *text, int64_t *seconds);

#define CG_TIME_TEXT_MAX 21
/* RFC 3339 in UTC, "2026-11-23T12:00:00Z". Outside the years 0 to 9999, the nearest time in them. */
void cg_time_print(int64_t seconds, char out[CG_TIME_TEXT_MAX]);

/* Like cg_time_print, but CG_TIME_NONE and CG_TIME_NO_END give "". */
void cg_time_text(int64_t seconds, char *out, size_t size);

#define CG_TIME_ASN1_MAX 16
/* "491231235959Z" from 1950 through 2049, otherwise with four digits of the year (RFC 5280 4.1.2.5). False and ""
 * outside the years 0 to 9999. */
bool cg_time_asn1_text(int64_t seconds, char out[CG_TIME_ASN1_MAX]);

/* UTCTime or GeneralizedTime, as cg_time_asn1_text writes it. */
bool cg_time_set(ASN1_TIME *out, int64_t seconds);

/* A duration, or a time of the monotonic clock, for system calls that wait. Up to 68 years. */
struct timespec cg_timespec(int64_t ms);

#endif
