/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Faults in a running process, controlled by a test through the file that $CG_FAULT_SWITCH names. It is read at every call.
 * Its lines:
 *
 *   CALL ERRNO [PART]   CALL fails with ERRNO; with PART, only if the path of the file contains it
 *   clock SECONDS       moves the wall clock
 *   RAND_bytes N        the first N calls of that function return the same octets
 *
 * Without the file there are no faults. Called by fault_shim.c in the process under test. */
#ifndef CG_TEST_FAULT_SWITCH_H
#define CG_TEST_FAULT_SWITCH_H

/* The errno to fail with, or 0. path NULL: the path of fd is used; fd -1: no file. */
int cg_fault_switched(const char *call, const char *path, int fd);
long cg_fault_clock(void); /* seconds to add to the wall clock */

#endif
