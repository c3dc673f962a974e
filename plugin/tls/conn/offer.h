/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a client's hello offers, as OpenSSL read it, beside what the broker has: why the two did not meet. In TLS 1.2
 * OpenSSL says "no shared cipher" of a certificate, a group and a signature that do not fit, too.
 * Of a listener's connection, once a ClientHello was read. Called by failure.c and credential.c, on the main thread. */
#ifndef CG_TLS_OFFER_H
#define CG_TLS_OFFER_H

#include "conn.h"

#include <stdbool.h>

bool cg_offers_psk(const struct cg_conn *conn);

/* Each gives the reason; false: it is not known better. */
bool cg_offer_lacks_version(struct cg_conn *conn);
bool cg_offer_lacks_cipher(struct cg_conn *conn);
bool cg_offer_lacks_signature(struct cg_conn *conn);

#endif
