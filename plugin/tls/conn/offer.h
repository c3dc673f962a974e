/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Compares what a client's hello offers with what the broker has, to find why they have nothing in common. In TLS
 * 1.2, OpenSSL also reports "no shared cipher" if a certificate, group or signature does not fit. For connections of
 * a listener, after a ClientHello was read. Called by failure.c and serve.c on the main thread. */
#ifndef CG_TLS_OFFER_H
#define CG_TLS_OFFER_H

#include "conn.h"

#include <stdbool.h>

bool cg_offers_psk(const struct cg_conn *conn);

/* Each sets the reason of the connection; false: no better reason is known. */
bool cg_offer_lacks_version(struct cg_conn *conn);
bool cg_offer_lacks_cipher(struct cg_conn *conn);
bool cg_offer_lacks_signature(struct cg_conn *conn);

#endif
