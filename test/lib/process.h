/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Clock and pauses, and the memory and CPU use of another process. Called by tests and benchmarks. */
#ifndef CG_TEST_PROCESS_H
#define CG_TEST_PROCESS_H

#include <stddef.h>
#include <stdint.h>

int64_t cg_now_us(void); /* monotonic */
void cg_pause_ms(int ms);

long cg_process_rss_kib(int pid);     /* resident memory; -1: no such process */
long cg_process_private_kib(int pid); /* resident without file-backed pages, which the kernel can drop at any time */
long cg_process_peak_kib(int pid);    /* peak of the resident memory since the start or the last reset */
void cg_process_reset_peak(int pid);
int64_t cg_process_cpu_us(int pid); /* user and system time of all its threads */
long cg_process_files(int pid);     /* number of open descriptors */

/* The percentile share (0 to 1) of the values, which it sorts; 0 if there are none. */
double cg_percentile(double *values, size_t count, double share);

#endif
