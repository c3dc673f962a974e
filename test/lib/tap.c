/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>

static int count, failed;

void cg_tap(bool ok, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    failed += !ok;
    printf("%s %d - ", ok ? "ok" : "not ok", ++count);
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
    va_end(args);
}

void cg_tap_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("#   ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

int cg_tap_failed(void)
{
    return failed;
}

int cg_tap_done(void)
{
    printf("1..%d\n", count);
    if (failed)
        printf("# %d of %d failed\n", failed, count);
    return failed || count == 0;
}
