/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Output and input on a terminal: colors, prompts, a progress line.
 * Nothing is owned. Called by output.c and the verbs. */
#ifndef CG_TTY_H
#define CG_TTY_H

#include "base/progress.h"
#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum cg_colour { CG_PLAIN = 0, CG_BOLD, CG_RED, CG_GREEN, CG_YELLOW, CG_DIM };

/* The escape sequence; "" if fd is not a terminal, TERM is dumb or NO_COLOR is set. */
const char *cg_colour(int fd, enum cg_colour colour);

/* Characters in a line of the terminal; 0 if fd is not a terminal, or its width is unknown. */
int cg_tty_columns(int fd);

bool cg_tty_is_there(void); /* a terminal for prompts */

/* Prompts on the terminal without echo, twice if confirm is set. False without a terminal, if the two inputs differ, or at
 * end of file. out is always terminated; the caller wipes it. Ctrl-C restores the terminal and ends the run. */
bool cg_prompt_secret(const char *question, bool confirm, char *out, size_t size, struct cg_error *err);

/* Asks "question [y/N]" on the terminal. False with *err if there is none; *yes only for y or yes. */
bool cg_ask_yes(const char *question, bool *yes, struct cg_error *err);

/* For work that may take longer than a second: shows "what done/total (rate/s)" on standard error, from the second second on
 * and at most ten times per second, if that is a terminal and neither -q nor --json is given. what is borrowed.
 * cg_progress_clear erases the line; cg_print does before it prints. */
struct cg_cli;
struct cg_progress cg_progress_of(const struct cg_cli *cli, const char *what);
void cg_progress_clear(void);

#endif
