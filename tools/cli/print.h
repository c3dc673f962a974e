/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The one way by which text that others wrote (names in certificates, file names, lines of logs) reaches a terminal or
 * JSON. What could move a cursor, change a colour, turn text around or begin another line is shown as \xNN.
 * Owns nothing. Called by output.c and by every verb that prints; test/unit/tree/layers.sh refuses other ways. */
#ifndef CG_PRINT_H
#define CG_PRINT_H

#include "tty.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>

/* As fprintf. Line ends of the format are kept; when an argument has one, all of them are escaped. */
void cg_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_vprint(FILE *to, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* The same in a colour, where the stream is a terminal. */
void cg_print_in(FILE *to, enum cg_colour colour, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define CG_SHOWN_MAX 1400

/* Escapes into out for printf, cut where it is longer; returns it. */
const char *cg_shown(const char *text, char out[CG_SHOWN_MAX]);

/* To standard output: the text, and blanks up to width, by characters and not bytes, and one more. */
void cg_column(const char *text, int width);

/* One line of JSON that is UTF-8 and holds none of the above: such characters as \uNNNN, bytes that are no UTF-8 as
 * \\xNN. The caller frees; NULL without memory. json_text: of len bytes of JSON. */
char *cg_json_line(const cJSON *object);
char *cg_json_text(const char *text, size_t len);

#endif
