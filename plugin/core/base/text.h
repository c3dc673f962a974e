/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Makes untrusted text safe for one line of a log. Stateless. Called wherever such text is shown. */
#ifndef CG_TEXT_H
#define CG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One code point of UTF-8 (RFC 3629: shortest form, no surrogates) of the len > 0 bytes at p. Returns its length, or
 * 0 if it is malformed. */
size_t cg_utf8_next(const unsigned char *p, size_t len, uint32_t *point);

/* A character that can forge a log line or reverse the direction of its text. */
bool cg_char_is_unsafe(uint32_t point);

/* Copies len bytes. Escapes control characters, DEL, invalid UTF-8, U+0080-009F, line and paragraph separators, and
 * bidi controls. False if anything was escaped or cut. */
bool cg_text_escape(const void *bytes, size_t len, char *out, size_t size);

#endif
