/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Results of table tests as lines of TAP: one per row, with the row's sentence. Called by the scenario runners. */
#ifndef CG_TEST_TAP_H
#define CG_TEST_TAP_H

#include <stdbool.h>

void cg_tap(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cg_tap_note(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "# ..." */
int cg_tap_failed(void);                                                         /* so far */
int cg_tap_done(void);                                                           /* prints the plan; the exit code */

#endif
