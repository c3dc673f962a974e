/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The verdict on the peer of a connection: asked of cg_check_peer, and kept in the record where it accepts. In a full handshake
 * and in one that a ticket resumes. Called by handshake.c and resumption.c, on the main thread. */
#ifndef CG_TLS_VERIFY_H
#define CG_TLS_VERIFY_H

#include "tls/conn/conn.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* leaf may be NULL: the peer showed no certificate. False: the record says why. */
bool cg_verify_peer(struct cg_conn *conn, X509 *leaf, const STACK_OF(X509) *sent);

/* The same of a path that was accepted before, leaf first; signatures are not computed again. False: leaves no trace, and the
 * peer is asked for its certificate. */
bool cg_verify_again(struct cg_conn *conn, const STACK_OF(X509) *path);

/* A ticket was good, but OpenSSL did not take it: what it said of the peer no longer counts. */
void cg_verify_reset_resumed(struct cg_conn *conn);

#endif
