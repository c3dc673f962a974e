/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connections on which nothing was said yet: Mosquitto 2.1 starts a handshake when the first bytes come, so a peer that
 * sends none would have no record, no deadline and no bound. They are remembered from SSL_new on, until their handshake begins
 * or a tick opens a record for them. Called by handshake.c and hook.c, on the main thread. */
#ifndef CG_PENDING_H
#define CG_PENDING_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

bool cg_pending_begin(void); /* takes the ex_data index; false: OpenSSL gives none */
void cg_pending_end(void);

/* It gets its record: forgets it, returns since when it was there (monotonic ms). */
int64_t cg_pending_start(SSL *ssl);

/* One that is the broker's and has a socket by now, or NULL. To be asked again once cg_pending_start was called for it. */
SSL *cg_pending_next(void);

#endif
