/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What OpenSSL tells us during a handshake, in the order in which it does: opens the record of each connection, has its peer
 * checked, and decides what becomes of it. Called by hook.c, on the main thread; the callbacks on any. */
#ifndef CG_TLS_HANDSHAKE_H
#define CG_TLS_HANDSHAKE_H

#include "tls/conn/conn.h"

#include <openssl/ssl.h>
#include <stdint.h>

void cg_handshake_configure(void);     /* puts our callbacks into the SSL_CTXs that miss them */
void cg_handshake_open_pending(void);  /* records for silent peers of the broker */
int64_t cg_handshake_abort_late(void); /* those past their deadline; ms until the next deadline, -1 for none */

/* The info callback. */
void cg_handshake_info(const SSL *ssl, int where, int value);

void cg_handshake_unwatch(struct cg_conn *conn); /* for an SSL that outlives its record */

#endif
