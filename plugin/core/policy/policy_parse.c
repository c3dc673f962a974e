/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "policy_parse.h"

#include <stdarg.h>
#include <stdio.h>

bool cg_parse_fail(struct cg_parse *parse, const struct cg_json_path *at, const char *format, ...)
{
    char place[256], text[768];
    va_list args;
    cg_json_path_text(at, place, sizeof place);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cg_error_set(parse->err, "%s: %s: %s", parse->name, place, text);
    return false;
}
