/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "values.h"

#include "core/base/datetime.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

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
        if (*c == '\'') /* close the quotes, an escaped quote, open them again */
            n = (size_t)(stpcpy(word + n, "'\\'") - word);
        word[n++] = *c;
    }
    word[n++] = '\'';
    word[n] = '\0';
    return word;
}

bool cg_ends_in(const char *name, const char *suffix)
{
    const size_t len = strlen(name), n = strlen(suffix);
    return len > n && strcmp(name + len - n, suffix) == 0;
}

const char *cg_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* "+30d", "-1h": relative to the clock. */
static bool relative(const char *text, int64_t *seconds)
{
    int64_t distance = 0;
    if (text[1] < '0' || text[1] > '9' || !cg_duration_parse(text + 1, &distance))
        return false;
    *seconds = (int64_t)time(NULL) + (text[0] == '-' ? -distance : distance);
    return *seconds >= 0 && *seconds <= CG_TIME_LAST;
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
        return number >= 0 && number <= CG_TIME_LAST;
    }
    return cg_time_read_text(text, seconds) && *seconds >= 0;
}
