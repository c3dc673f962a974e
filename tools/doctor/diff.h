/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The difference of two texts with the same number of lines, as "diff -u" shows it.
 * Nothing is owned. Called by fix.c. */
#ifndef CG_DIFF_H
#define CG_DIFF_H

#include <stdio.h>

void cg_diff_print(FILE *out, const char *path, const char *before, const char *after);

#endif
