/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Compares a value with the one that the policy wants. Called by the rules on extensions and subject attributes. */
#ifndef CG_MATCH_H
#define CG_MATCH_H

#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

/* text: UTF-8; NULL if the value is not text (then only CG_MATCH_PRESENT and CG_MATCH_HEX can match).
 * bytes: what CG_MATCH_HEX compares. */
bool cg_match(const struct cg_value_match *match, const char *text, const void *bytes, size_t len);

/* Writes the wanted values for a detail: "'a' or 'b'", "any value". Cut to size. */
void cg_match_text(const struct cg_value_match *match, char *out, size_t size);

#endif
