/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Probing a TLS server: a handshake that shows the certificates it sends.
 * The caller owns returned objects. Called by rotate, inspect, doctor and mqtt.c. */
#ifndef CG_TOOLS_BROKER_TLS_PROBE_H
#define CG_TOOLS_BROKER_TLS_PROBE_H

#include "core/base/error.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* "broker.lan:8883", "[2001:db8::1]:8883"; without a port 8883. False: neither. */
bool cg_tls_probe_split(const char *host_port, char host[256], char port[8]);
bool cg_host_port_ok(const char *text, const char *option, struct cg_error *err); /* text NULL: not given */

/* The chain as it was sent, the leaf first; at least one. NULL with the reason: no connection, no TLS, or no chain within
 * timeout_ms. The certificates are not checked. */
STACK_OF(X509) *cg_tls_probe_chain(const char *host_port, int64_t timeout_ms, struct cg_error *err);

/* Makes a handshake with this context and reads until the server closes the connection or the time is up: in TLS 1.3 a server
 * refuses a client's certificate after the client has finished. The context's callbacks get the alert. */
void cg_tls_probe_listen(SSL_CTX *context, const char *host, const char *port, int64_t timeout_ms);

/* The leaf of it. A server may have several certificates, one of each key type. like: only the signature algorithms of this
 * certificate's key are offered, so that the server sends the certificate of this type; NULL: all are offered. */
X509 *cg_tls_probe_certificate(const char *host_port, const X509 *like, int64_t timeout_ms, struct cg_error *err);

/* The server's behavior towards a client without a certificate. */
struct cg_tls_probe {
    const X509 *like;      /* as in cg_tls_probe_certificate; private */
    STACK_OF(X509) *chain; /* as it was sent, the leaf first; owned */
    bool answered;         /* the server answered our CONNECT, so it accepted the handshake */
    int connack;           /* its answer, MQTT 3.1.1 section 3.2.2.3 */
};

/* A complete handshake without a certificate, then a CONNECT. False with the reason if no chain was received. Free the chain
 * in both cases. */
bool cg_tls_probe_run(const char *host_port, int64_t timeout_ms, struct cg_tls_probe *out, struct cg_error *err);

#endif
