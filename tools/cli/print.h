/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Prints untrusted text (names in certificates, file names, lines of logs) on a terminal or as JSON. Characters that could
 * move the cursor, change colors, reverse the direction of text or start a new line are shown as \xNN.
 * Owns nothing. Called by output.c and every verb that prints; test/unit/tree/layers.sh rejects other ways. */
#ifndef CG_PRINT_H
#define CG_PRINT_H

#include "tty.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>

/* Like fprintf. Line ends of the format are kept, unless an argument contains one: then all are escaped. */
void cg_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_vprint(FILE *to, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* The same in a color if the stream is a terminal. */
void cg_print_in(FILE *to, enum cg_colour colour, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define CG_SHOWN_MAX 1400

/* Escapes text into out, truncated if it is too long; returns out. */
const char *cg_shown(const char *text, char out[CG_SHOWN_MAX]);

/* Its width in characters. */
int cg_shown_width(const char *text);

/* Prints the text on standard output, padded to width characters (not bytes), and a blank. */
void cg_column(const char *text, int width);

/* One line of JSON in valid UTF-8: the characters above become \uNNNN, invalid bytes \\xNN. The caller frees it; NULL if
 * out of memory. json_text: the same for len bytes of JSON text. */
char *cg_json_line(const cJSON *object);
char *cg_json_text(const char *text, size_t len);

/* Prints the next element of a list on a new line, and frees it: a long list is never in memory. */
void cg_json_element(cJSON *object, bool is_first);

#endif
