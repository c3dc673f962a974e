/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Words that somebody may have meant: for "did you mean". */
#ifndef CG_EDIT_DISTANCE_H
#define CG_EDIT_DISTANCE_H

#include <stddef.h>

/* Levenshtein's distance, SIZE_MAX for long words, and the distance up to which a word may have been meant. */
size_t cg_edit_distance(const char *a, const char *b);
size_t cg_edit_distance_limit(const char *word);

#endif
