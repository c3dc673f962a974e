/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whether a peer of the broker may connect: the one place that turns a role into rules, trust anchors and a purpose,
 * and that knows what a peer without a certificate may do. Pure, as cg_check.
 * The caller owns all inputs. Called by the TLS layer in the handshake, and by the broker layer at CONNECT, for live
 * sessions and for administrators. */
#ifndef CG_PEER_H
#define CG_PEER_H

#include "core/path/verdict.h"
#include "snapshot.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

enum cg_role {
    CG_ROLE_UNKNOWN = 0, /* deny */
    CG_ROLE_LISTENER,    /* the peer is a client of one of our listeners */
    CG_ROLE_BRIDGE,      /* the peer is a broker that ours connects to */
    CG_ROLE_FOREIGN,     /* not the broker's: left alone */
};

struct cg_peer {
    enum cg_role role;
    uint16_t port;                    /* of the listener; a bridge has none */
    X509 *leaf;                       /* NULL: it showed no certificate */
    const STACK_OF(X509) *sent;       /* as in cg_check_input */
    const STACK_OF(X509) *known_path; /* as in cg_check_input */
    const char *host;                 /* of a bridge: the name that the certificate must have; NULL: no such rule */
    bool psk;                         /* it proved that it has a pre-shared key */
};

/* Fills *out whatever happens. */
void cg_check_peer(const struct cg_snapshot *snapshot, const struct cg_peer *peer, int64_t now, struct cg_verdict *out);

/* Whether a client without certificate and without pre-shared key is refused: the handshake then need not go on. */
bool cg_peer_needs_certificate(const struct cg_profile *profile);

#endif
