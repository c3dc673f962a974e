/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Words of a page of HTML. The one place where text that is not ours enters it: cg_html_text. It escapes what HTML
 * means something by, and before that control characters and those that turn the direction of text.
 * Nothing is owned. Called by page.c, chart.c and policy.c. */
#ifndef CG_REPORT_HTML_H
#define CG_REPORT_HTML_H

#include <stdint.h>
#include <stdio.h>

#define CG_HTML_TEXT_MAX 65536 /* bytes after escaping control characters; longer texts are cut */

/* Good in text and between double quotes. */
void cg_html_text(FILE *out, const char *text);

/* Cells of a row. label: the column's title, ours, shown beside the value where the screen is narrow. */
void cg_html_cell(FILE *out, const char *label, const char *text);
void cg_html_prose(FILE *out, const char *label, const char *text); /* what stands between ` is a command */
void cg_html_code(FILE *out, const char *label, const char *text);  /* a command, or nothing where it is "" */
void cg_html_number(FILE *out, const char *label, double number);
void cg_html_time(FILE *out, const char *label, int64_t seconds); /* to the minute; CG_TIME_NONE: nothing */

/* The begin of a table with these column titles (NULL-terminated), and its end. caption is read out, not shown.
 * numbers: a bit for each column of numbers. */
void cg_html_table(FILE *out, const char *caption, const char *const *titles, unsigned numbers);
void cg_html_table_end(FILE *out);

extern const char cg_html_style[]; /* for the page's head */

#endif
