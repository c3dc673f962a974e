/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The broker's own certificates at the start, and the findings about them that are only audited: those that the
 * broker loaded itself (certfile), and the policy's. Call it after the listeners exist (the broker creates them
 * after it loads plugins), from the first tick on. Certificates are borrowed until control returns to the broker.
 * Called by the broker layer on the main thread; calls no handler except the clock and, for the audit, the snapshot. */
#ifndef CG_TLS_OWN_CERTIFICATE_H
#define CG_TLS_OWN_CERTIFICATE_H

#include "core/base/error.h"
#include "core/snapshot.h"
#include "own_check.h"

/* Whether there is a certificate of the broker that no listener accepts or has a cipher for, and that will not
 * become valid with time: every handshake that needs it would be refused. *out: its state, without port. */
bool cg_own_is_unusable(const struct cg_snapshot *snapshot, struct cg_own_state *out);

/* The certificates that the broker loaded into its listeners (certfile) and that the policy does not replace: index
 * 0, 1, ...; NULL after the last one. */
const X509 *cg_hook_own_certificate(const struct cg_snapshot *snapshot, size_t index);

/* The first server rule that a served certificate, the broker's or the policy's, violates but that is only audited;
 * *err names the certificate. CG_REASON_UNSET: none. */
enum cg_reason cg_hook_audit_own(struct cg_error *err);

/* Passes the strength of the broker's certificates to the preflight of later policies. Called by own_scan.c,
 * since the start causes a scan, and on SIGHUP, when the broker has loaded its certificates again. */
void cg_own_update_strength(void);

#endif
