/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the broker's listeners would serve, against the server rules of the policy: the policy's credentials and the certificates
 * that the broker loaded itself (certfile). To be called once the listeners exist (they are made after plugins are loaded),
 * from the first tick on. Certificates are borrowed until control returns to the broker.
 * Called by the broker layer from the main thread; asks no handler but the clock, so that it may run inside one. */
#ifndef CG_TLS_OWN_CERTIFICATE_H
#define CG_TLS_OWN_CERTIFICATE_H

#include "core/error.h"
#include "core/snapshot.h"

#define CG_OWN_DIGEST 32 /* SHA-256 */

/* What can serve a certificate, or refuse to. With its id it is the same from look to look. */
enum cg_own_kind {
    CG_OWN_CREDENTIAL = 0, /* the policy's for a listener, or for those that it does not name: id is the port */
    CG_OWN_CONTEXT,        /* an SSL_CTX that the broker made for one of its listeners */
    CG_OWN_LISTENER, /* a listener of the policy, or those that it does not name, whose SSL_CTX is not known yet: id is the
                            * port */
};

struct cg_own_state {
    enum cg_own_kind kind;
    uint64_t id;
    uint16_t port;                          /* 0: of the listeners that the policy does not name, or not known yet */
    bool port_known;                        /* else more is told of it after its first connection */
    const struct cg_credential *credential; /* the policy's; NULL: the broker's own */
    const char *file;                       /* of the policy's credential; NULL: certfile */
    const X509 *certificate;
    unsigned char digest[CG_OWN_DIGEST]; /* of the certificate and what is sent with it */
    enum cg_reason reason;               /* CG_REASON_OK: served; else its handshakes are refused */
    bool of_time;                        /* as in cg_own_fault */
    int64_t until; /* accepted: the last second at which it is known to be, as far as time goes; INT64_MAX: no end */
    char detail[sizeof(struct cg_error)];
};

/* Each that serves, or does not accept, a certificate, once. A credential that was served before is served on, whatever the
 * rules say: it is not examined. The port of an SSL_CTX is not known before its first connection: until then it is refused
 * where all listeners that may have it refuse it, and a listener refuses where it accepts none of those that may be its own.
 * False: no memory for all of it. */
typedef void cg_own_seen(void *argument, const struct cg_own_state *state); /* the state is lent for the call */
bool cg_own_look(const struct cg_snapshot *snapshot, cg_own_seen *seen, void *argument);

/* Goes up when the port of one more SSL_CTX is known: a look then may see something else. */
uint64_t cg_own_ports_learned(void);

/* Is there a certificate of the broker's own that no listener accepts, or has a cipher for, and that time does not cure?
 * Every handshake that needs it is going to be refused. *out: which, without port. */
bool cg_own_is_hopeless(const struct cg_snapshot *snapshot, struct cg_own_state *out);

/* The certificates that the broker loaded into its listeners (certfile) and serves, where the policy names none in their
 * place: index 0, 1, ...; NULL past the last one. */
const X509 *cg_hook_own_certificate(const struct cg_snapshot *snapshot, size_t index);

/* Of the certificates that are served, the broker's and the policy's: the first breach of a server rule that is only
 * audited, and *err names the certificate. CG_REASON_UNSET: none. */
enum cg_reason cg_hook_audit_own(struct cg_error *err);

#endif
