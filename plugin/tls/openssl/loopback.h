/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A server and a client of this process that speak to each other in memory. Knows nothing of the hook.
 * Called by preflight.c and selftest.c; any thread. */
#ifndef CG_TLS_LOOPBACK_H
#define CG_TLS_LOOPBACK_H

#include <openssl/ssl.h>
#include <stdbool.h>

struct cg_loopback {
    SSL *server, *client; /* owned */
};

/* Of two SSL_CTXs, each NULL where there was no memory for it. False: no memory. To be closed in both cases. */
bool cg_loopback_open(struct cg_loopback *pair, SSL_CTX *server, SSL_CTX *client);
bool cg_loopback_shake_hands(struct cg_loopback *pair); /* true when both sides are done */
void cg_loopback_close(struct cg_loopback *pair);

#endif
