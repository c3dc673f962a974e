/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Scans the certificates that each listener would serve, before any handshake needs them: the policy's credentials
 * and the certificates that the broker loaded itself (certfile), against the server rules. Call it after the
 * listeners exist (the broker creates them after it loads plugins), from the first tick on. A scan also updates
 * the strength of these certificates for the preflight of later policies. Certificates are
 * borrowed until control returns to the broker. Called by the broker layer on the main thread; calls no handler
 * except the clock, so it may run inside one. */
#ifndef CG_OWN_SCAN_H
#define CG_OWN_SCAN_H

#include "own_check.h"

/* Reports each credential, SSL_CTX or listener once, with its state. A credential that was served before is still
 * served, whatever the rules say, and is not checked. The port of an SSL_CTX is unknown before its first connection.
 * Until then it is refused if all listeners that may have it refuse it, and a listener is refused if it accepts none
 * of those that it may have. False: out of memory, and the scan is incomplete. */
typedef void cg_own_report(void *argument, const struct cg_own_state *state); /* state: valid during the call */
bool cg_own_scan(const struct cg_snapshot *snapshot, cg_own_report *report, void *argument);

/* Increases when the port of another SSL_CTX becomes known: a new scan may have other results. */
uint64_t cg_own_ports_learned(void);

#endif
