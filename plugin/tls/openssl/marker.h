/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A mark: a certificate that nobody could use, which stands in the session of a connection in place of the peer's for a moment.
 * How it comes in: i2d_SSL_SESSION, the element "peer" put into it, and d2i_SSL_SESSION into the session that the SSL has. The
 * self-test tries this at load. Knows SSLs only; main thread only. Called by unclaimed.c and selftest.c. */
#ifndef CG_TLS_MARKER_H
#define CG_TLS_MARKER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct cg_marking {
    SSL *ssl;
    unsigned char *before; /* owned: the session as it was */
    size_t len;
    const X509 *mark; /* borrowed from the session; NULL: not marked */
};

void cg_mark_begin(SSL *ssl, struct cg_marking *marking); /* always followed by cg_mark_end */

/* False: the mark could not be taken back, and the connection must not live on. */
bool cg_mark_end(struct cg_marking *marking);

bool cg_mark_works(SSL *ssl); /* marks it, and takes the mark back: did it have an effect, and leave no trace? */

/* What the self-test found of marks; false until it did. */
void cg_marks_set_proven(bool proven);
bool cg_marks_are_proven(void);

#endif
