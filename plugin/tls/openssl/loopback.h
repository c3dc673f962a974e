/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A TLS server and client in this process that are connected in memory. Knows nothing of the hook.
 * Called by preflight.c and selftest.c; any thread. */
#ifndef CG_TLS_LOOPBACK_H
#define CG_TLS_LOOPBACK_H

#include <openssl/ssl.h>
#include <stdbool.h>

struct cg_loopback {
    SSL *server, *client; /* owned */
};

/* Each SSL_CTX may be NULL if memory ran out. False: out of memory. Close the pair in both cases. */
bool cg_loopback_open(struct cg_loopback *pair, SSL_CTX *server, SSL_CTX *client);
bool cg_loopback_shake_hands(struct cg_loopback *pair); /* true if both sides complete */
void cg_loopback_close(struct cg_loopback *pair);

#endif
