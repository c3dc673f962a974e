/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "text.h"

#include <stdio.h>
#include <string.h>

size_t cg_utf8_next(const unsigned char *p, size_t len, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80 ? 1 : (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : (p[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (n == 0 || n > len)
        return 0;
    *point = n == 1 ? p[0] : p[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (p[i] & 0x3f);
    }
    if (n > 1 && (*point < least[n] || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff)))
        return 0;
    return n;
}

bool cg_char_is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c;
}

/* The bytes at p that are printable ASCII, which almost all text is, at most max. */
static size_t plain_length(const unsigned char *p, size_t max)
{
    size_t n = 0;
    while (n < max && p[n] >= 0x20 && p[n] < 0x7f)
        n++;
    return n;
}

bool cg_text_escape(const void *bytes, size_t len, char *out, size_t size)
{
    const unsigned char *p = bytes;
    size_t used = 0, room_end = 0; /* room_end: the last position where "..." still fits */
    bool clean = true;
    if (size == 0)
        return false;
    out[0] = '\0';
    while (len > 0) {
        uint32_t c = ' ';
        size_t room = used + 4 < size ? size - 4 - used : 0; /* leaves room for "..." */
        size_t n = plain_length(p, len < room ? len : room);
        if (n == 0)
            n = cg_utf8_next(p, len, &c);
        bool plain = n > 0 && !cg_char_is_unsafe(c);
        if (n == 0)
            n = 1;
        size_t need = plain ? n : 4 * n;
        if (used + need >= size) {
            snprintf(out + room_end, size - room_end, "...");
            return false;
        }
        if (plain)
            memcpy(out + used, p, n);
        for (size_t i = 0; !plain && i < n; i++)
            snprintf(out + used + 4 * i, 5, "\\x%02x", p[i]);
        clean = clean && plain;
        used += need;
        out[used] = '\0';
        if (used + 4 <= size)
            room_end = used;
        p += n;
        len -= n;
    }
    return clean;
}
