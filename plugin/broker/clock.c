/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now = {0, 0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t cg_clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t cg_clock_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}
