/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Clients without TLS: what the policy says of one that comes now. Where the broker does not tell which listener that was
 * (Mosquitto 2.0), all listeners that are not known to speak TLS must give the same answer; where they do not, each of them
 * is tried for TLS once, and the administrator is warned when that does not settle it.
 * Owned by the plugin's state; main thread only. */
#ifndef CG_PLAINTEXT_H
#define CG_PLAINTEXT_H

#include "broker/event/reporter.h"
#include "listening.h"

#include "core/snapshot.h"

#define CG_FIX_PLAIN_DIFFERS                                                                                           \
    "Set \"plain\" in the policy to the same value for all listeners without TLS, or use Mosquitto 2.1"

struct cg_plaintext;

/* tells_port: the broker tells the listener of each client. NULL without memory. */
struct cg_plaintext *cg_plaintext_new(struct cg_reporter *reporter, bool tells_port);
void cg_plaintext_free(struct cg_plaintext *plaintext); /* NULL is fine */

/* A TLS connection came to a listener. */
void cg_plaintext_saw_tls(struct cg_plaintext *plaintext, const struct cg_conn *conn);

/* Finds the listeners, and tries those where the answer depends on which of them speak TLS. To be called before an answer,
 * once the listeners exist; does each of it once. */
void cg_plaintext_look(struct cg_plaintext *plaintext, const struct cg_policy *policy);

/* Of a client that came to this listener; port 0: the broker does not tell. Before the first look, and without memory:
 * CG_PLAINTEXT_DENY. */
enum cg_plaintext_answer cg_plaintext_answer(const struct cg_plaintext *plaintext, const struct cg_policy *policy,
                                             uint16_t port);

/* Warns, once a snapshot, where the answer for port 0 is "nobody" since the broker does not tell listeners apart. */
void cg_plaintext_warn(struct cg_plaintext *plaintext, const struct cg_snapshot *current,
                       enum cg_plaintext_answer answer);

#endif
