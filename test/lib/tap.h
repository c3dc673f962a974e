/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Results of table tests in TAP format: one line per row, with the row's sentence. Called by tests that do not use cmocka,
 * from one thread. */
#ifndef CG_TEST_TAP_H
#define CG_TEST_TAP_H

#include <stdbool.h>

void cg_tap(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_tap_note(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "# ..." */
int cg_tap_failed(void);                                                         /* number of failures so far */
int cg_tap_done(void); /* prints the plan; returns the exit code */

#endif
