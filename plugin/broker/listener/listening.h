/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The sockets on which this process listens, and which of them speak TLS. Mosquitto 2.0 does not tell plugins which
 * listener a client without TLS came to: it can be any that is not known to speak TLS, so they all must give the same
 * answer. Listeners are made once, before the first client comes, so nobody outside has a say in this.
 * Owned by the plugin's state; main thread only. */
#ifndef CG_LISTENING_H
#define CG_LISTENING_H

#include "core/policy/policy.h"
#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>

struct cg_listening;

/* Looks at the process's descriptors. NULL without memory. To be called once the listeners exist. */
struct cg_listening *cg_listening_new(void);
void cg_listening_free(struct cg_listening *listening);

/* A TLS connection came to one of them. */
void cg_listening_saw_tls(struct cg_listening *listening, const struct cg_conn *conn);

enum cg_plaintext_answer {
    CG_PLAINTEXT_DENY = 0,
    CG_PLAINTEXT_ALLOW,
    CG_PLAINTEXT_DIFFERS, /* the policy allows it on some and not on others: deny */
    CG_PLAINTEXT_TRYING,  /* the same, and it is being tried which of them speak TLS: deny, and ask again later */
};

/* What the policy says about a client without TLS that came to one of those that are not known to speak TLS. Without any,
 * the policy's answer for ports that it does not name. */
enum cg_plaintext_answer cg_listening_plaintext(const struct cg_listening *listening, const struct cg_policy *policy);

/* The addresses of those that are not known to speak TLS, by number; false past the last one. A Unix socket has no port:
 * *out is of AF_UNSPEC. An address is one that can be connected to: the loopback address for "any". */
bool cg_listening_unknown(const struct cg_listening *listening, size_t number, union cg_address *out);

#endif
