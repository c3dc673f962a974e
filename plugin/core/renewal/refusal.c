/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "refusal.h"

#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool cg_refuse(struct cg_refusal *refusal, enum cg_reason reason, const char *format, ...)
{
    char text[2 * sizeof refusal->detail];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    refusal->reason = reason;
    cg_text_escape(text, strlen(text), refusal->detail, sizeof refusal->detail);
    return false;
}
