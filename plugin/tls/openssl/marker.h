/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A mark: a certificate that is useless for anything else, which briefly replaces the peer's in the session of a
 * connection. i2d_SSL_SESSION writes the session, the mark becomes its element "peer", and d2i_SSL_SESSION reads it
 * back into the session of the SSL. The self-test tries this at load. Knows only SSLs; main thread only. Called by
 * unclaimed.c and selftest.c. */
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

/* False: the mark could not be removed, and the connection must be ended. */
bool cg_mark_end(struct cg_marking *marking);

bool cg_mark_works(SSL *ssl); /* whether a mark has an effect and can be removed without a trace */

/* Whether marks work, as the self-test found; false before. */
void cg_marks_set_proven(bool proven);
bool cg_marks_are_proven(void);

#endif
