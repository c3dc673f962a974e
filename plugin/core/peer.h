/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Decides whether a peer of the broker may connect. This is the one place that selects rules, trust anchors and a
 * purpose by role, and decides about peers without a certificate. Pure, like cg_check. The caller owns all inputs.
 * Called by the TLS layer in the handshake, and by the broker layer at CONNECT, for live sessions and for
 * administrators. */
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
    CG_ROLE_BRIDGE,      /* the peer is a broker that a bridge of ours connects to */
    CG_ROLE_FOREIGN,     /* not a connection of the broker: ignored */
};

struct cg_peer {
    enum cg_role role;
    uint16_t port;                         /* of the listener; 0 for a bridge */
    X509 *leaf;                            /* NULL: the peer sent no certificate */
    const STACK_OF(X509) *sent;            /* as in cg_check_input */
    const STACK_OF(X509) *known_path;      /* as in cg_check_input */
    struct cg_signature_cache *signatures; /* as in cg_check_input */
    const char *host; /* of a bridge: the name that the certificate must contain; NULL: not checked */
    bool psk;         /* the peer proved that it has a pre-shared key */
};

/* Always fills *out. */
void cg_check_peer(const struct cg_snapshot *snapshot, const struct cg_peer *peer, int64_t now, struct cg_verdict *out);

/* Is a client without certificate and pre-shared key refused? Then the handshake need not continue. */
bool cg_peer_needs_certificate(const struct cg_profile *profile);

#endif
