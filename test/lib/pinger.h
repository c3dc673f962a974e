/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Measures how long the broker's event loop is blocked: a client in a separate thread sends a PINGREQ every 2 ms and times
 * the answers. The times include delays of the scheduler, so compare them with an idle broker on the same machine.
 * Owns the session from start to stop. Called by scale tests and benchmarks. */
#ifndef CG_TEST_PINGER_H
#define CG_TEST_PINGER_H

#include "tls_client.h"

struct cg_pinger;

struct cg_pinger *cg_pinger_start(const struct cg_client_spec *spec); /* NULL: not accepted */

/* The longest round trip since the start or the last call, and the number of round trips (count may be NULL). */
double cg_pinger_worst_ms(struct cg_pinger *pinger, size_t *count);

bool cg_pinger_stop(struct cg_pinger *pinger); /* frees it; false: the broker ended the session */

#endif
