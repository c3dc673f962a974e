/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Foreign text on a terminal: escaped, so that no name can move the cursor or change colours, and padded by characters,
 * not bytes. To standard output; nothing is owned. Called by the views of log and status. */
#ifndef CG_TEXT_COLUMN_H
#define CG_TEXT_COLUMN_H

#define CG_SHOWN_MAX 1400

/* Escapes into out; returns it. */
const char *cg_shown(const char *text, char out[CG_SHOWN_MAX]);

/* The text and blanks up to width, and one more. */
void cg_column(const char *text, int width);

#endif
