/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The clock for waits and rates: it never jumps, and is not the date. Any thread. */
#ifndef CG_CLOCK_H
#define CG_CLOCK_H

#include <stdint.h>

int64_t cg_monotonic_ms(void);

#endif
