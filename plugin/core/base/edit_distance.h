/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How similar two words are, for "did you mean". Called by the policy parser and the tool. */
#ifndef CG_EDIT_DISTANCE_H
#define CG_EDIT_DISTANCE_H

#include <stddef.h>

/* The Levenshtein distance, SIZE_MAX for words of more than 31 characters; and the largest distance for a suggestion. */
size_t cg_edit_distance(const char *a, const char *b);
size_t cg_edit_distance_limit(const char *word);

#endif
