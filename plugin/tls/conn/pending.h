/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Pending connections: those on which the peer has sent nothing yet. Mosquitto 2.1 starts a handshake when the first
 * bytes arrive, so a peer that sends none would have no record, no deadline and no limit. They are listed from
 * SSL_new until their handshake begins or a tick opens a record for them. Called by handshake.c and hook.c on the
 * main thread. */
#ifndef CG_PENDING_H
#define CG_PENDING_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

bool cg_pending_begin(void); /* gets the ex_data index; false: OpenSSL has none */
void cg_pending_end(void);

/* Removes it because it gets a record. Returns when it was created (monotonic ms). */
int64_t cg_pending_remove(SSL *ssl);

/* One that is the broker's and has a socket, or NULL. Call cg_pending_remove for it before the next call. */
SSL *cg_pending_ready(void);

#endif
