/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY INT64_C(86400)

static const struct {
    const char *unit;
    int64_t seconds;
} units[] = {{"", DAY}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", DAY}, {"w", 7 * DAY}, {"y", 365 * DAY}};

char *cg_shell_word(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+@:-";
    size_t n = 0;
    if (*text && text[strspn(text, plain)] == '\0')
        return strdup(text);
    char *word = malloc(4 * strlen(text) + 3);
    if (!word)
        return NULL;
    word[n++] = '\'';
    for (const char *c = text; *c; c++) {
        if (*c == '\'') /* ends the quotes, a quote by itself, and begins them again */
            n = (size_t)(stpcpy(word + n, "'\\'") - word);
        word[n++] = *c;
    }
    word[n++] = '\'';
    word[n] = '\0';
    return word;
}

bool cg_duration_parse(const char *text, int64_t *seconds)
{
    char *end = NULL;
    long long n = strtoll(text, &end, 10);
    if (end == text || n < 0 || n > 1000000000)
        return false;
    for (size_t i = 0; i < CG_COUNT(units); i++)
        if (strcmp(end, units[i].unit) == 0) {
            *seconds = n * units[i].seconds;
            return true;
        }
    return false;
}

bool cg_lifetime_parse(const char *text, int64_t *seconds)
{
    return cg_duration_parse(text, seconds) && *seconds > 0 && *seconds <= 36525 * DAY;
}

/* "+30d", "-1h": from now on. */
static bool relative(const char *text, int64_t *seconds)
{
    int64_t distance = 0;
    if (text[1] < '0' || text[1] > '9' || !cg_duration_parse(text + 1, &distance))
        return false;
    *seconds = (int64_t)time(NULL) + (text[0] == '-' ? -distance : distance);
    return *seconds >= 0;
}

bool cg_time_parse(const char *text, int64_t *seconds)
{
    const char *digits = text[0] == '@' ? text + 1 : text;
    char *end = NULL;
    if (text[0] == '+' || text[0] == '-')
        return relative(text, seconds);
    long long number = strtoll(digits, &end, 10);
    if (end != digits && !*end) {
        *seconds = number;
        return number >= 0;
    }
    struct tm tm = {0};
    const char *end_of_date = strptime(text, "%Y-%m-%d", &tm);
    if (!end_of_date || end_of_date - text != 10)
        return false;
    const char *end_of_time = *end_of_date ? strptime(end_of_date, "T%H:%M:%SZ", &tm) : end_of_date;
    if (!end_of_time || *end_of_time || (*end_of_date && end_of_time - end_of_date != 10))
        return false;
    struct tm asked = tm;
    time_t t = timegm(&tm);
    *seconds = t;
    /* timegm mends 31 June; a person who typed it made a mistake */
    return t >= 0 && tm.tm_mday == asked.tm_mday && tm.tm_mon == asked.tm_mon && tm.tm_hour == asked.tm_hour &&
           tm.tm_min == asked.tm_min && tm.tm_sec == asked.tm_sec;
}
