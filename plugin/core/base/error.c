/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "error.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

void cg_error_vset(struct cg_error *err, const char *format, va_list args)
{
    if (!err)
        return;
    char text[sizeof err->text];
    vsnprintf(text, sizeof text, format, args);
    cg_text_escape(text, strlen(text), err->text, sizeof err->text);
}

void cg_error_set(struct cg_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cg_error_vset(err, format, args);
    va_end(args);
}

void cg_error_prefix(struct cg_error *err, const char *format, ...)
{
    if (!err)
        return;
    char place[sizeof err->text], text[2 * sizeof err->text + 2];
    va_list args;
    va_start(args, format);
    vsnprintf(place, sizeof place, format, args);
    va_end(args);
    snprintf(text, sizeof text, "%s: %s", place, err->text);
    cg_text_escape(text, strlen(text), err->text, sizeof err->text);
}
