/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What a TLS server serves: a handshake of our own, far enough to see its certificates.
 * The caller owns what is returned. Called by rotate, inspect, doctor and status. */
#ifndef CG_TOOLS_BROKER_TLS_PROBE_H
#define CG_TOOLS_BROKER_TLS_PROBE_H

#include "core/base/error.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* "broker.lan:8883", "[2001:db8::1]:8883"; without a port 8883. False: neither. */
bool cg_tls_probe_split(const char *host_port, char host[256], char port[8]);

/* The chain as it was sent, the leaf first; at least one. host_port: "broker.lan:8883", "[2001:db8::1]:8883"; without a port 8883. NULL with the reason: no connection, no TLS,
 * or nothing within timeout_ms. The certificates are not judged here. */
STACK_OF(X509) *cg_tls_probe_chain(const char *host_port, int64_t timeout_ms, struct cg_error *err);

/* A handshake with this context, and then what the server says of it, until it ends the connection or the time is over:
 * in TLS 1.3 a server refuses a client's certificate after the client is done. The context's callbacks hear it. */
void cg_tls_probe_listen(SSL_CTX *context, const char *host, const char *port, int64_t timeout_ms);

/* The leaf of it. */
X509 *cg_tls_probe_certificate(const char *host_port, int64_t timeout_ms, struct cg_error *err);

/* What a client without a certificate meets. */
struct cg_tls_probe {
    STACK_OF(X509) *chain; /* as it was sent, the leaf first; owned */
    bool answered;         /* the server answered our CONNECT: the handshake was good enough for it */
    int connack;           /* its answer, MQTT 3.1.1 section 3.2.2.3 */
};

/* A whole handshake without a certificate, and a CONNECT after it. False with the reason where not even a chain was
 * seen. Free the chain in both cases. */
bool cg_tls_probe_run(const char *host_port, int64_t timeout_ms, struct cg_tls_probe *out, struct cg_error *err);

#endif
