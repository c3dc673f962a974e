/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA certificates in the paths of accepted peers, so that live sessions share them. OpenSSL keeps what a client sent for as
 * long as its session: a decoded certificate takes about 5 KiB, and thousands of devices send the same intermediate. Its copies
 * are replaced by one of equal content, which is all that anyone can see of it. Holds a bounded number of certificates, from
 * accepted paths only, so that nobody else can fill it. Main thread only. Called by verify.c, selftest.c and hook.c. */
#ifndef CG_TLS_ISSUERS_H
#define CG_TLS_ISSUERS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#define CG_ISSUERS_SHARED_MAX 64

/* The certificate that sessions share for this one of an accepted path: an equal one, or else itself, which is then
 * shared. Borrowed; valid until the next call. */
X509 *cg_issuers_shared(X509 *certificate);

/* Replaces what follows the leaf in the chain that an accepted client sent. sent: the stack of the verify callback, which
 * OpenSSL stores as the chain of the session afterwards. */
void cg_issuers_replace(const STACK_OF(X509) *sent);

/* Whether that stack was the chain of this SSL, a server after a handshake. If an OpenSSL version copies it, nothing may be
 * replaced: the self-test finds out. */
bool cg_issuers_are_of(const SSL *ssl);
void cg_issuers_set_proven(bool proven); /* false before */
bool cg_issuers_are_proven(void);

void cg_issuers_forget(void); /* releases all certificates */

#endif
