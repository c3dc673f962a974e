/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "serve.h"

#include "own_check.h"
#include "tls/conn/handlers.h"
#include "tls/conn/offer.h"
#include "tls/conn/record.h"
#include "tls/openssl/context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* How long a verdict on the broker's certificate is reused, since it may expire or violate another rule on time. A
 * refusal is reused only within the same second: a certificate that becomes valid must be served immediately. */
#define CG_OWN_HOLDS_SECONDS 30

static void serve_none(SSL *ssl)
{
    /* The broker's certificate may have a key of another type; OpenSSL would choose between the two. */
    SSL_certs_clear(ssl);
    /* Send the chain of the file, and nothing that OpenSSL finds in the broker's CA file. */
    SSL_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN);
}

/* OpenSSL keeps one certificate of each key type, and chooses by the signature algorithms and TLS 1.2 ciphers of the
 * client. It rejects keys that are too weak for @SECLEVEL in ciphers of mosquitto.conf; the others are served. */
static bool serve_too(SSL *ssl, const struct cg_credential *credential)
{
    return SSL_use_cert_and_key(ssl, credential->leaf, credential->key, credential->chain, 1) == 1;
}

bool cg_serve(SSL *ssl, const struct cg_credential *credential)
{
    serve_none(ssl);
    return serve_too(ssl, credential);
}

static bool own_is_accepted(struct cg_context *context, const struct cg_conn *conn, X509 *leaf,
                            const STACK_OF(X509) *chain)
{
    int64_t now = cg_handlers_now(), age = now - context->own.at;
    if (context->own.leaf == leaf && context->own.snapshot == conn->snapshot->number &&
        context->own.port == conn->listener && age >= 0 && age < (context->own.accepted ? CG_OWN_HOLDS_SECONDS : 1) &&
        context->own.snapshot != 0)
        return context->own.accepted;
    struct cg_verdict *verdict = OPENSSL_zalloc(sizeof *verdict);
    context->own.accepted = verdict && cg_own_verify(conn->snapshot, conn->policy, leaf, chain, verdict);
    snprintf(context->own.detail, sizeof context->own.detail, "%s: %s",
             verdict ? cg_reason_row(verdict->reason)->code : "out of memory", verdict ? verdict->detail : "");
    cg_verdict_clear(verdict);
    context->own.snapshot = verdict && X509_up_ref(leaf) ? conn->snapshot->number : 0;
    OPENSSL_free(verdict);
    X509_free(context->own.leaf);
    context->own.leaf = context->own.snapshot ? leaf : NULL;
    context->own.port = conn->listener;
    context->own.at = now;
    return context->own.accepted;
}

/* Without a certificate, a pre-shared key is needed. TLS 1.3 has already accepted it at this point, or has not found
 * it. */
static bool allows_no_certificate(const SSL *ssl, struct cg_conn *conn)
{
    bool offered = cg_offers_psk(conn), allowed = cg_conn_tls(conn)->psk_allowed;
    if (offered && allowed && SSL_version(ssl) < TLS1_3_VERSION)
        return true;
    if (offered && allowed)
        cg_conn_set_reason(conn, CG_REASON_PSK_UNKNOWN,
                           "the broker did not accept the client's pre-shared key on port %u", conn->listener);
    else if (offered)
        cg_conn_set_reason(conn, CG_REASON_PSK_NOT_ALLOWED, "the client offers a pre-shared key on port %u",
                           conn->listener);
    else
        cg_conn_set_reason(conn, CG_REASON_NO_CREDENTIAL, "port %u has no certificate%s", conn->listener,
                           allowed ? ", and the client offers no pre-shared key" : "");
    if (allowed && !offered)
        conn->fix = "Configure the identity and key in the client (mosquitto_pub: --psk-identity and --psk), or use a "
                    "port that has a certificate.";
    return false;
}

/* The fix of the reason is for a file that was not loaded while another one is served. */
static bool refuse(struct cg_conn *conn, const char *detail)
{
    cg_conn_set_reason(conn, CG_REASON_CREDENTIAL_INVALID, "the broker's own certificate on port %u: %s",
                       conn->listener, detail);
    conn->fix = "This certificate is not served to any client. The last broker_certificate_rejected event names the "
                "fix; `certguard doctor` checks the certificate again.";
    return false;
}

bool cg_own_credential(SSL *ssl, struct cg_conn *conn)
{
    struct cg_context *context = cg_context_of(ssl);
    X509 *leaf = SSL_get_certificate(ssl);
    STACK_OF(X509) *chain = NULL;
    if (!leaf)
        return allows_no_certificate(ssl, conn);
    if (!context || !SSL_get0_chain_certs(ssl, &chain)) {
        cg_conn_set_reason(conn, CG_REASON_INTERNAL_ERROR, "cannot read the broker's certificate chain");
        return false;
    }
    if (own_is_accepted(context, conn, leaf, chain))
        return true;
    return refuse(conn, context->own.detail);
}

/* One on hold was loaded outside its validity: each handshake checks it, until the broker layer releases it. */
static bool may_serve(struct cg_context *context, const struct cg_conn *conn, const struct cg_credential *credential)
{
    return !cg_credential_is_held(credential) ||
           (context && own_is_accepted(context, conn, credential->leaf, credential->chain));
}

static bool serve_policy_credentials(SSL *ssl, struct cg_conn *conn, const struct cg_credentials *credentials)
{
    struct cg_context *context = cg_context_of(ssl);
    bool any = false, rejected = false;
    serve_none(ssl);
    for (size_t i = 0; i < credentials->count; i++)
        if (may_serve(context, conn, credentials->item[i])) {
            bool ok = serve_too(ssl, credentials->item[i]);
            any = any || ok;
            rejected = rejected || !ok;
        }
    return any || (!rejected && refuse(conn, context ? context->own.detail : "unknown SSL_CTX"));
}

int cg_serve_credential(SSL *ssl, void *argument)
{
    struct cg_conn *conn = argument;
    if (conn->reason != CG_REASON_UNSET || !conn->snapshot)
        return 0; /* refused already */
    int saved = errno;
    ERR_set_mark();
    const struct cg_credentials *credentials = cg_snapshot_credentials(conn->snapshot, conn->listener);
    bool ok = credentials->count ? serve_policy_credentials(ssl, conn, credentials) : cg_own_credential(ssl, conn);
    if (!ok)
        cg_conn_set_reason(conn, CG_REASON_INTERNAL_ERROR, "OpenSSL rejects the credential: %s",
                           ERR_reason_error_string(ERR_peek_last_error()));
    ERR_pop_to_mark();
    errno = saved;
    return ok;
}
