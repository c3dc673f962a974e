/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What each listener would serve, before any handshake asks for it: the policy's credentials and the certificates that the broker
 * loaded itself (certfile), against the server rules. To be called once the listeners exist (they are made after plugins are
 * loaded), from the first tick on. Certificates are borrowed until control returns to the broker.
 * Called by the broker layer from the main thread; asks no handler but the clock, so that it may run inside one. */
#ifndef CG_OWN_SCAN_H
#define CG_OWN_SCAN_H

#include "own_check.h"

/* Each that serves, or does not accept, a certificate, once. A credential that was served before is served on, whatever the
 * rules say: it is not examined. The port of an SSL_CTX is not known before its first connection: until then it is refused
 * where all listeners that may have it refuse it, and a listener refuses where it accepts none of those that may be its own.
 * False: no memory for all of it. */
typedef void cg_own_seen(void *argument, const struct cg_own_state *state); /* the state is lent for the call */
bool cg_own_scan(const struct cg_snapshot *snapshot, cg_own_seen *seen, void *argument);

/* Goes up when the port of one more SSL_CTX is known: a look then may see something else. */
uint64_t cg_own_ports_learned(void);

#endif
