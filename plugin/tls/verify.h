/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The verdict on the peer of a connection, from cg_check_peer, in a full handshake and in one that a ticket resumes.
 * An accepted path is stored in the record. Called by handshake.c and resumption.c on the main thread. */
#ifndef CG_TLS_VERIFY_H
#define CG_TLS_VERIFY_H

#include "tls/conn/conn.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* leaf may be NULL: the peer showed no certificate. False: the record has the reason. */
bool cg_verify_peer(struct cg_conn *conn, X509 *leaf, const STACK_OF(X509) *sent);

/* Checks again a path that was accepted before, leaf first, without verifying its signatures. False: the record is
 * unchanged, and the peer must send its certificate. */
bool cg_verify_again(struct cg_conn *conn, const STACK_OF(X509) *path);

/* Removes the peer that a valid ticket named from the record, if OpenSSL did not use the ticket. */
void cg_verify_reset_resumed(struct cg_conn *conn);

#endif
