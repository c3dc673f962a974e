/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "end_broker.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Runs after the broker's main() has returned. The plugin stays in memory until then (-z nodelete). */
static void fail(void)
{
    fflush(NULL);
    _exit(EXIT_FAILURE);
}

void cg_end_broker(void)
{
    static bool requested;
    if (!requested)
        (void)atexit(fail);
    requested = true;
    kill(getpid(), SIGTERM);
}
