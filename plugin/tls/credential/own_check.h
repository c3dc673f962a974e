/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* One certificate of the broker's own and the server rules of one listener. Certificates are borrowed until control returns to
 * the broker. Called by serve.c, own_certificate.c and own_scan.c on the main thread; asks no handler but the clock. */
#ifndef CG_OWN_CHECK_H
#define CG_OWN_CHECK_H

#include "core/base/error.h"
#include "core/path/verdict.h"
#include "core/snapshot.h"
#include "tls/openssl/context.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

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

/* It has a certificate, and is no bridge's. */
bool cg_own_is_listeners(const struct cg_context *context);

/* By the server rules of policy. True: it may be served. */
bool cg_own_verify(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                   const STACK_OF(X509) *chain, struct cg_verdict *verdict);

/* Both set what a verdict sets: certificate, reason, of_time, until and detail. No memory, no chain: refused. */
void cg_own_check(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                  const STACK_OF(X509) *chain, struct cg_own_state *out);
void cg_own_check_context(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy,
                          const struct cg_context *context, struct cg_own_state *out);

#endif
