/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificates of the broker's own at the start, and what they would be refused for where rules are only audited: those that
 * the broker loaded itself (certfile), and the policy's. To be called once the listeners exist (they are made after plugins are
 * loaded), from the first tick on. Certificates are borrowed until control returns to the broker.
 * Called by the broker layer from the main thread; asks no handler but the clock and, to audit, the snapshot. */
#ifndef CG_TLS_OWN_CERTIFICATE_H
#define CG_TLS_OWN_CERTIFICATE_H

#include "core/base/error.h"
#include "core/snapshot.h"
#include "own_check.h"

/* Is there a certificate of the broker's own that no listener accepts, or has a cipher for, and that time does not fix?
 * Every handshake that needs it is going to be refused. *out: which, without port. */
bool cg_own_is_hopeless(const struct cg_snapshot *snapshot, struct cg_own_state *out);

/* The certificates that the broker loaded into its listeners (certfile) and serves, where the policy names none in their
 * place: index 0, 1, ...; NULL past the last one. */
const X509 *cg_hook_own_certificate(const struct cg_snapshot *snapshot, size_t index);

/* Of the certificates that are served, the broker's and the policy's: the first breach of a server rule that is only
 * audited, and *err names the certificate. CG_REASON_UNSET: none. */
enum cg_reason cg_hook_audit_own(struct cg_error *err);

/* Passes on to the proof of later policies what the broker's certificates can be used for. Called by hook.c at each tick. */
void cg_own_strength_note(void);

#endif
