/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Ports of 127.0.0.1 for tests that run in parallel; ports.sh describes the method. Called by tests that listen or start a
 * broker. */
#ifndef CG_TEST_PORTS_H
#define CG_TEST_PORTS_H

#include <stdint.h>

/* A port on which nobody listens. No other test gets it while this process runs. Not thread-safe. Aborts if no port is
 * free. */
uint16_t cg_free_port(void);

#endif
