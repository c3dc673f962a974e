/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* An error for a person to correct: the file, the position in it, what was expected, what to do. The caller owns the
 * object, usually on its stack. Functions that can fail take it as the last argument; NULL is allowed. An error is
 * not a verdict: see core/path/verdict.h. */
#ifndef CG_ERROR_H
#define CG_ERROR_H

#include <stdarg.h>

struct cg_error {
    char text[1024]; /* one line of UTF-8 without control characters; "" if nothing failed */
};

/* Replaces the text. Control characters are escaped as \xNN, since names in certificates and files are untrusted.
 * Does nothing if err is NULL. */
void cg_error_set(struct cg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_error_vset(struct cg_error *err, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Puts "place: " before the existing text. */
void cg_error_prefix(struct cg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
