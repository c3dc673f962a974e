/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* OpenSSL's callbacks during a handshake, in their order: they open the record of each connection, have its peer
 * checked, and accept or reject it. Called by hook.c on the main thread; the callbacks run on any thread. */
#ifndef CG_TLS_HANDSHAKE_H
#define CG_TLS_HANDSHAKE_H

#include "tls/conn/conn.h"

#include <openssl/ssl.h>
#include <stdint.h>

void cg_handshake_configure(void);     /* installs the callbacks in SSL_CTXs without them */
void cg_handshake_open_pending(void);  /* opens records for peers that have sent nothing */
int64_t cg_handshake_abort_late(void); /* ms until the next deadline, -1 for none */

/* The info callback. */
void cg_handshake_info(const SSL *ssl, int where, int value);

void cg_handshake_unwatch(struct cg_conn *conn); /* for an SSL that outlives its record */

#endif
