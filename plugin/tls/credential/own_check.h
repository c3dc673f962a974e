/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Checks one certificate of the broker against the server rules of one listener. Certificates are borrowed until
 * control returns to the broker. Called by serve.c, own_certificate.c and own_scan.c on the main thread; calls no
 * handler except the clock. */
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

/* What serves a certificate. Kind and id identify it across scans. */
enum cg_own_kind {
    CG_OWN_CREDENTIAL = 0, /* the policy's, for a listener or for all that it does not name: id is port and number */
    CG_OWN_CONTEXT,        /* an SSL_CTX that the broker created for one of its listeners */
    CG_OWN_LISTENER, /* a listener of the policy, or all that it does not name, with an unknown SSL_CTX: id is the port */
};

struct cg_own_state {
    enum cg_own_kind kind;
    uint64_t id;
    uint16_t port;                          /* 0: listeners that the policy does not name, or unknown */
    bool port_known;                        /* if not, its first connection shows it */
    const struct cg_credential *credential; /* the policy's; NULL: the broker's own */
    bool has_others;                        /* the listener has credentials of other key types, too */
    const char *file;                       /* the file of the policy's credential; NULL: certfile */
    const X509 *certificate;
    unsigned char digest[CG_OWN_DIGEST]; /* over the certificate and its chain */
    enum cg_reason reason;               /* CG_REASON_OK: served; else handshakes with it are refused */
    bool of_time;                        /* as in cg_own_fault */
    int64_t until; /* if accepted: the last second at which time alone does not change that; INT64_MAX: no end */
    char detail[sizeof(struct cg_error)];
};

/* Whether it has a certificate and does not belong to a bridge. */
bool cg_own_is_listeners(const struct cg_context *context);

/* Checks with the server rules of policy. True: the certificate may be served. */
bool cg_own_verify(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                   const STACK_OF(X509) *chain, struct cg_verdict *verdict);

/* Both set certificate, reason, of_time, until and detail. Out of memory or without a chain: refused. */
void cg_own_check(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                  const STACK_OF(X509) *chain, struct cg_own_state *out);
void cg_own_check_context(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy,
                          const struct cg_context *context, struct cg_own_state *out);

#endif
