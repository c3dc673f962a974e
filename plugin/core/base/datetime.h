/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Moments: seconds since 1970 in 64 bits. Those of the C library and of OpenSSL have 32 on some systems, and end in 2038:
 * so dates of certificates are read, reckoned and written here alone, by an own calendar (Gregorian, UTC). No allocation
 * but that of cg_time_set; any thread. Called by all of the core, the broker layer and the tool. */
#ifndef CG_DATETIME_H
#define CG_DATETIME_H

#include <openssl/asn1.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CG_DAY INT64_C(86400) /* in seconds */

#define CG_TIME_FIRST INT64_C(-62167219200) /* 0000-01-01T00:00:00Z: no certificate can say an earlier moment */
#define CG_TIME_LAST  INT64_C(253402300799) /* 9999-12-31T23:59:59Z: nor a later one */

/* 0 is a moment like any other, 1970-01-01T00:00:00Z. Of what was zero-initialised it is the end: over for long. */
#define CG_TIME_NONE   (CG_TIME_FIRST - 1) /* no moment: before all of them, and far from where sums overflow */
#define CG_TIME_NO_END INT64_MAX           /* where a moment is the end of something: it has none */

struct cg_date {
    int year, month, day, hour, minute, second; /* year 0 to 9999, month and day from 1 */
};

/* False, and CG_TIME_NONE, as all that follow: there is no such date. */
bool cg_date_seconds(const struct cg_date *date, int64_t *seconds);

/* The date of a moment; of one outside the years 0 to 9999 the nearest in them. */
struct cg_date cg_date_of(int64_t seconds);

/* The content of a UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows them: with seconds, without fraction, ending in
 * Z. False when malformed. */
bool cg_time_read_utc(const void *text, size_t len, int64_t *seconds);
bool cg_time_read_generalized(const void *text, size_t len, int64_t *seconds);

/* Either of them as people and other tools wrote it into databases: a day up to 31 that its month does not have, and a
 * 60th second, are counted on from the last one. Not for certificates. */
bool cg_time_read_lenient(const void *text, size_t len, int64_t *seconds);

/* Of an ASN1_TIME, as RFC 5280 allows it; false, and CG_TIME_NONE, also for NULL. */
bool cg_time_seconds(const ASN1_TIME *time, int64_t *out);

/* A date, "2026-11-23", or RFC 3339 in UTC, "2026-11-23T12:00:00Z". */
bool cg_time_read_text(const char *text, int64_t *seconds);

#define CG_TIME_TEXT_MAX 21
/* RFC 3339 in UTC, "2026-11-23T12:00:00Z"; of a moment outside the years 0 to 9999 the nearest in them. */
void cg_time_print(int64_t seconds, char out[CG_TIME_TEXT_MAX]);

/* As cg_time_print, but CG_TIME_NONE and CG_TIME_NO_END give "". */
void cg_time_text(int64_t seconds, char *out, size_t size);

#define CG_TIME_ASN1_MAX 16
/* "491231235959Z" from 1950 through 2049, else with four digits of the year: RFC 5280 4.1.2.5. False, and "", outside the
 * years 0 to 9999. */
bool cg_time_asn1_text(int64_t seconds, char out[CG_TIME_ASN1_MAX]);

/* UTCTime or GeneralizedTime, as cg_time_asn1_text. */
bool cg_time_set(ASN1_TIME *out, int64_t seconds);

/* A span, or a moment of the monotonic clock, for calls of the system that wait: up to 68 years. */
struct timespec cg_timespec(int64_t ms);

#endif
