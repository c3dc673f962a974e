/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A fault that a person has to mend: which file, which place in it, what was expected, what to do.
 * The caller owns the object (usually on its stack); functions that can fail take it last and may get NULL.
 * Called by everything. A fault is not a verdict: verdicts are in check.h. */
#ifndef CG_ERROR_H
#define CG_ERROR_H

#include <stdarg.h>

struct cg_error {
    char text[1024]; /* one line of UTF-8 without control characters; "" while nothing failed */
};

/* Replaces the text. Control characters of the arguments come out escaped as \xNN: names in
 * certificates and files are not ours. Does nothing when err is NULL. */
void cg_error_set(struct cg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "place: " before the text that is there. */
void cg_error_prefix(struct cg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
