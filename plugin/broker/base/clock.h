/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The wall clock is for dates of certificates and events, the monotonic clock for deadlines and windows: setting the wall
 * clock must not disconnect anyone. Called from any thread. */
#ifndef CG_CLOCK_H
#define CG_CLOCK_H

#include <stdint.h>

int64_t cg_clock_wall_ms(void);      /* since 1970 */
int64_t cg_clock_monotonic_ms(void); /* since an unspecified time */

/* The smaller of two waiting times in ms; negative: no waiting time. */
int64_t cg_sooner_ms(int64_t a, int64_t b);

#endif
