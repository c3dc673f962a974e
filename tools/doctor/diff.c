/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "diff.h"

#include <stdbool.h>
#include <string.h>

#define CONTEXT 3

/* A pair of lines, at the same place in both texts. */
struct cursor {
    const char *before, *after;
    size_t number; /* from 1 */
};

static size_t line_length(const char *line)
{
    return strcspn(line, "\n");
}

static bool is_changed(const struct cursor *c)
{
    size_t n = line_length(c->before), m = line_length(c->after);
    return n != m || memcmp(c->before, c->after, n) != 0;
}

static bool is_end(const struct cursor *c)
{
    return !*c->before && !*c->after;
}

static const char *next_line(const char *line)
{
    line += line_length(line);
    return line + (*line == '\n');
}

static struct cursor next(const struct cursor *c)
{
    return (struct cursor){next_line(c->before), next_line(c->after), c->number + 1};
}

static void put(FILE *out, char mark, const char *line)
{
    fprintf(out, "%c%.*s\n", mark, (int)line_length(line), line);
}

/* Prints lines from here up to and without "end": first what goes, then what comes, run by run. */
static void put_lines(FILE *out, struct cursor c, size_t end)
{
    while (c.number < end) {
        struct cursor run = c;
        for (; run.number < end && is_changed(&run); run = next(&run))
            put(out, '-', run.before);
        for (struct cursor again = c; again.number < run.number; again = next(&again))
            put(out, '+', again.after);
        if (run.number == c.number) {
            put(out, ' ', c.before);
            run = next(&c);
        }
        c = run;
    }
}

/* The end of the hunk that starts at "first", a changed line: CONTEXT lines after the last change. */
static size_t hunk_end(const struct cursor *first)
{
    size_t end = first->number;
    for (struct cursor c = *first; !is_end(&c) && c.number <= end + 2 * (size_t)CONTEXT + 1; c = next(&c))
        if (is_changed(&c))
            end = c.number;
    return end + CONTEXT + 1;
}

void cg_diff_print(FILE *out, const char *path, const char *before, const char *after)
{
    const struct cursor top = {before, after, 1};
    size_t shown = 1, lines = 0;
    for (struct cursor c = top; !is_end(&c); c = next(&c))
        lines = c.number;
    fprintf(out, "--- %s\n+++ %s\n", path, path);
    for (struct cursor c = top; !is_end(&c); c = next(&c)) {
        if (c.number < shown || !is_changed(&c))
            continue;
        size_t end = hunk_end(&c), start = c.number > CONTEXT ? c.number - CONTEXT : 1;
        start = start < shown ? shown : start;
        end = end > lines + 1 ? lines + 1 : end;
        fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", start, end - start, start, end - start);
        struct cursor from = top;
        while (from.number < start)
            from = next(&from);
        put_lines(out, from, end);
        shown = end;
    }
}
