/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whether the policy allows a client without TLS. If the broker does not report the client's listener (Mosquitto 2.0), the
 * policy must have the same answer for all listeners not known to use TLS. If it has not, each of them is probed for TLS once,
 * and a warning is given if the answers still differ.
 * Owned by the plugin's state; main thread only. */
#ifndef CG_PLAINTEXT_H
#define CG_PLAINTEXT_H

#include "broker/event/reporter.h"
#include "listening.h"

#include "core/snapshot.h"

#define CG_FIX_PLAIN_DIFFERS                                                                                           \
    "Set \"plain\" in the policy to the same value for all listeners without TLS, or use Mosquitto 2.1"

struct cg_plaintext;

/* reports_port: the broker reports the listener of each client. NULL: out of memory. */
struct cg_plaintext *cg_plaintext_new(struct cg_reporter *reporter, bool reports_port);
void cg_plaintext_free(struct cg_plaintext *plaintext); /* accepts NULL */

/* Records that a listener uses TLS. */
void cg_plaintext_saw_tls(struct cg_plaintext *plaintext, const struct cg_conn *conn);

/* Finds the listeners, and probes them if the answer depends on which of them use TLS; each only once. To be called before
 * cg_plaintext_answer(), once the listeners exist. */
void cg_plaintext_probe(struct cg_plaintext *plaintext, const struct cg_policy *policy);

/* The answer for a client on this port; 0: unknown. CG_PLAINTEXT_DENY before the listeners are known. */
enum cg_plaintext_answer cg_plaintext_answer(const struct cg_plaintext *plaintext, const struct cg_policy *policy,
                                             uint16_t port);

/* Warns, once per snapshot, if answer (for port 0) is CG_PLAINTEXT_DIFFERS. */
void cg_plaintext_warn(struct cg_plaintext *plaintext, const struct cg_snapshot *current,
                       enum cg_plaintext_answer answer);

#endif
