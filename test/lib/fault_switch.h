/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Faults of a running process, switched from outside: the file that $CG_FAULT_SWITCH names holds lines "CALL ERRNO [PART]",
 * read at every call; CALL fails with that number while PART, if given, is in the path of its file. "clock SECONDS" moves the
 * wall clock; "RAND_bytes N" makes the first N calls of that function give the same octets. No file: no faults.
 * Called by fault_shim.c, in the process under test. */
#ifndef CG_TEST_FAULT_SWITCH_H
#define CG_TEST_FAULT_SWITCH_H

/* 0, or the errno to fail with; path NULL: that of fd; fd -1: none */
int cg_fault_switched(const char *call, const char *path, int fd);
long cg_fault_clock(void);

#endif
