/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The listening sockets of this process, and which of them use TLS. Mosquitto 2.0 does not report the listener of a client
 * without TLS: it can be any listener that is not known to use TLS, so the policy must have the same answer for all of them.
 * The broker creates its listeners once, before the first client connects.
 * Owned by plaintext.c; main thread only. */
#ifndef CG_LISTENING_H
#define CG_LISTENING_H

#include "core/policy/policy.h"
#include "tls/conn/conn.h"

#include <stdbool.h>
#include <stddef.h>

struct cg_listening;

/* Finds the sockets. To be called once the listeners exist. NULL: out of memory. */
struct cg_listening *cg_listening_new(void);
void cg_listening_free(struct cg_listening *listening);

/* Makes the accept queues of all listening TCP sockets as long as the kernel allows. Mosquitto's hold 100 connections: when more
 * clients connect at once, the kernel drops their SYNs, and they repeat them after 1 s, 3 s, 7 s, ... (RFC 6298). */
void cg_listening_raise_backlog(void);

/* Marks the listener of a TLS connection. */
void cg_listening_saw_tls(struct cg_listening *listening, const struct cg_conn *conn);

enum cg_plaintext_answer {
    CG_PLAINTEXT_DENY = 0,
    CG_PLAINTEXT_ALLOW,
    CG_PLAINTEXT_DIFFERS, /* allowed on some listeners and not on others: deny */
    CG_PLAINTEXT_PROBING, /* the same, until it is known which listeners use TLS: deny, and ask again later */
};

/* The policy's answer for a client without TLS on any listener not known to use TLS. If there is none, the answer for ports
 * that the policy does not name. */
enum cg_plaintext_answer cg_listening_plaintext(const struct cg_listening *listening, const struct cg_policy *policy);

/* The address of the listener with this number among those not known to use TLS; false after the last one. *out is AF_UNSPEC
 * for a Unix socket, and the loopback address instead of "any". */
bool cg_listening_unknown(const struct cg_listening *listening, size_t number, union cg_address *out);

#endif
