/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Ports of 127.0.0.1 for tests that run side by side; ports.sh says how. Called by whoever listens or starts a broker. */
#ifndef CG_TEST_PORTS_H
#define CG_TEST_PORTS_H

#include <stdint.h>

/* Nobody listens on it, and no other test gets it while this process lives. Not for several threads. Ends the program when
 * there is none. */
uint16_t cg_free_port(void);

#endif
