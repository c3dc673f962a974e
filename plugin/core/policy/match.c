/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "match.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static bool hex_is(const char *hex, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    if (strlen(hex) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (hex[2 * i] != digits[bytes[i] >> 4] || hex[2 * i + 1] != digits[bytes[i] & 15])
            return false;
    return true;
}

bool cg_match(const struct cg_value_match *match, const char *text, const void *bytes, size_t len)
{
    if (match->kind == CG_MATCH_PRESENT)
        return true;
    for (size_t i = 0; i < match->values.count; i++) {
        const char *wanted = match->values.item[i];
        bool found = match->kind == CG_MATCH_HEX       ? hex_is(wanted, bytes, len)
                     : !text                           ? false
                     : match->kind == CG_MATCH_PATTERN ? fnmatch(wanted, text, 0) == 0
                                                       : strcmp(wanted, text) == 0;
        if (found)
            return true;
    }
    return false;
}

void cg_match_text(const struct cg_value_match *match, char *out, size_t size)
{
    size_t used = 0;
    if (match->kind == CG_MATCH_PRESENT) {
        snprintf(out, size, "any value");
        return;
    }
    out[0] = '\0';
    for (size_t i = 0; i < match->values.count && used < size; i++) {
        int n = snprintf(out + used, size - used, "%s'%s'", i ? " or " : "", match->values.item[i]);
        used += n > 0 ? (size_t)n : size;
    }
}
