/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* HTML output. Untrusted text enters the page only through cg_html_text, which escapes the special characters of HTML,
 * control characters, and characters that change the direction of text.
 * Nothing is owned. Called by page.c, chart.c and policy.c. */
#ifndef CG_REPORT_HTML_H
#define CG_REPORT_HTML_H

#include <stdint.h>
#include <stdio.h>

#define CG_HTML_TEXT_MAX 65536 /* bytes after escaping control characters; longer texts are cut */

/* For text and for attributes in double quotes. */
void cg_html_text(FILE *out, const char *text);
void cg_html_moment(FILE *out, int64_t seconds); /* to the minute; CG_TIME_NONE: nothing */

/* Cells of a row. label: the column's title, shown beside the value on a narrow screen. */
void cg_html_cell(FILE *out, const char *label, const char *text);
void cg_html_code(FILE *out, const char *label, const char *text); /* "": an empty cell */
void cg_html_fix(FILE *out, const char *label, const char *text);  /* a command, or prose with commands between ` */
void cg_html_number(FILE *out, const char *label, double number);
void cg_html_time(FILE *out, const char *label, int64_t seconds);

/* Starts a table with these column titles (NULL-terminated), and ends it. caption is for screen readers.
 * numbers: bit i is set if column i contains numbers. */
void cg_html_table(FILE *out, const char *caption, const char *const *titles, unsigned numbers);
void cg_html_table_end(FILE *out);

extern const char cg_html_style[]; /* for the page's head */

#endif
