/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The clocks of the plugin. Wall clock: dates of certificates and events. Monotonic: deadlines and windows,
 * so that a clock that is set back or forth cuts nobody off. Called by the broker layer from any thread. */
#ifndef CG_CLOCK_H
#define CG_CLOCK_H

#include <stdint.h>

int64_t cg_clock_wall_ms(void);      /* since 1970 */
int64_t cg_clock_monotonic_ms(void); /* since some time in the past */

#endif
