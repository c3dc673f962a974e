/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a running process costs: memory and CPU, read from outside. Called by tests of scale and by benchmarks. */
#ifndef CG_TEST_PROCESS_H
#define CG_TEST_PROCESS_H

#include <stddef.h>
#include <stdint.h>

int64_t cg_now_us(void); /* monotonic */
void cg_pause_ms(int ms);

long cg_process_rss_kib(int pid);     /* resident now; -1: no such process */
long cg_process_private_kib(int pid); /* of that, what no file stands behind: the kernel drops those pages at will */
long cg_process_peak_kib(int pid);    /* the highest since the start or the last reset */
void cg_process_reset_peak(int pid);
int64_t cg_process_cpu_us(int pid); /* user and system time of all its threads */
long cg_process_files(int pid);     /* open descriptors */

/* The value below which share (0 to 1) of the values lie; sorts them. 0 for none. */
double cg_percentile(double *values, size_t count, double share);

#endif
