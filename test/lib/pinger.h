/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How long is the broker's event loop held? A client of its own, in a thread of its own, sends a PINGREQ every 2 ms and
 * times the answers. What the scheduler adds is in the numbers too: compare with a quiet time on the same machine.
 * Owns the session from start to stop. Called by tests of scale and by benchmarks. */
#ifndef CG_TEST_PINGER_H
#define CG_TEST_PINGER_H

#include "tls_client.h"

struct cg_pinger;

struct cg_pinger *cg_pinger_start(const struct cg_client_spec *spec); /* NULL: was not let in */

/* Since the start or the last call: the longest round trip, and the number of round trips. */
double cg_pinger_worst_ms(struct cg_pinger *pinger, size_t *count);

bool cg_pinger_stop(struct cg_pinger *pinger); /* and frees; false: the broker ended the session */

#endif
