/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "settings.h"

#include "resumption.h"
#include "tls/conn/record.h"
#include "tls/conn/socket.h"
#include "tls/credential/serve.h"
#include "tls/openssl/ciphers.h"
#include "tls/openssl/context.h"

#include <openssl/err.h>

/* TLS allows 64 KiB for the list of names; a client with one certificate does not need it */
#define CG_CA_NAMES_MAX_BYTES 16384

static int refuse_credential(SSL *ssl, void *unused)
{
    (void)ssl, (void)unused;
    return 0;
}

/* Replaces the broker's callback. OpenSSL never calls it, since our verify callback checks the certificate. */
static int never_called(int ok, X509_STORE_CTX *store)
{
    (void)ok, (void)store;
    return 0;
}

void cg_settings_refuse(SSL *ssl)
{
    /* A server calls its certificate callback in every handshake that is not resumed, and this one is not (resumption.c
     * resumes nothing that is refused). A client verifies in every handshake without a PSK, and our verify callback refuses
     * a connection without a record. */
    SSL_set_cert_cb(ssl, refuse_credential, NULL);
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, never_called);
    SSL_set_psk_server_callback(ssl, NULL);
    SSL_set_psk_find_session_callback(ssl, NULL);
    SSL_set_psk_client_callback(ssl, NULL);
    SSL_set_psk_use_session_callback(ssl, NULL);
}

static bool add_names(STACK_OF(X509_NAME) *names, const STACK_OF(X509) *certificates, size_t *bytes)
{
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        const X509_NAME *subject = X509_get_subject_name(sk_X509_value(certificates, i));
        size_t len = 0;
        if (!X509_NAME_get0_der(subject, NULL, &len) || (*bytes += len + 2) > CG_CA_NAMES_MAX_BYTES)
            return false;
        X509_NAME *copy = X509_NAME_dup(subject);
        if (!copy || !sk_X509_NAME_push(names, copy)) {
            X509_NAME_free(copy);
            return false;
        }
    }
    return true;
}

/* Sends clients the names of the CAs that are accepted. Best effort: without the list, they choose a certificate
 * themselves. */
static void announce_cas(SSL_CTX *ctx, const struct cg_trust *trust)
{
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
    size_t bytes = 0;
    if (names && !(add_names(names, cg_trust_anchors(trust), &bytes) &&
                   add_names(names, cg_trust_intermediates(trust), &bytes))) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        names = sk_X509_NAME_new_null();
    }
    if (names)
        SSL_CTX_set_client_CA_list(ctx, names); /* takes ownership */
}

static bool apply_to_context(const struct cg_conn *conn, struct cg_context *context, const struct cg_tls_policy *tls)
{
    if (context->snapshot == conn->snapshot->number && context->port == conn->listener && context->snapshot != 0)
        return true;
    context->snapshot = 0;
    /* a list may set @SECLEVEL, which must not affect the next policy */
    SSL_CTX_set_security_level(context->ctx, context->security_level);
    if (SSL_CTX_set_cipher_list(context->ctx, cg_ciphers_of(tls)) != 1)
        return false;
    if (tls->ciphersuites || context->suites_set) {
        const char *suites = tls->ciphersuites ? tls->ciphersuites : OSSL_default_ciphersuites();
        if (SSL_CTX_set_ciphersuites(context->ctx, suites) != 1)
            return false;
        context->suites_set = true;
    }
    if (conn->role == CG_ROLE_LISTENER)
        announce_cas(context->ctx, conn->snapshot->trust);
    cg_context_set_port(context, conn->listener);
    context->snapshot = conn->snapshot->number;
    return true;
}

/* SSL_OP_NO_RX_CERTIFICATE_COMPRESSION of OpenSSL 3.2, which the headers at build time may lack; a library without
 * this compression (RFC 8879) ignores it. max_chain_bytes limits the bytes received, and 50 kB may be compressed to
 * 700 bytes. */
#define NO_COMPRESSED_CERTIFICATES ((uint64_t)1 << 33)

static bool apply_tls(SSL *ssl, const struct cg_tls_policy *tls)
{
    SSL_set_security_level(
        ssl, SSL_CTX_get_security_level(SSL_get_SSL_CTX(ssl))); /* the SSL copied it before the list was set */
    SSL_set_options(ssl,
                    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | NO_COMPRESSED_CERTIFICATES);
    if (SSL_is_server(ssl) && SSL_set_num_tickets(ssl, 0) != 1)
        return false;
    int version = tls->min_version > TLS1_2_VERSION ? tls->min_version : TLS1_2_VERSION;
    if (SSL_get_min_proto_version(ssl) < version && SSL_set_min_proto_version(ssl, version) != 1)
        return false;
    return !tls->groups || SSL_set1_groups_list(ssl, (char *)(uintptr_t)tls->groups) == 1;
}

static int verify_mode(const struct cg_conn *conn)
{
    const struct cg_profile *profile = cg_conn_profile(conn);
    if (conn->role == CG_ROLE_BRIDGE)
        return SSL_VERIFY_PEER;
    if (profile->certificate == CG_CERT_NONE)
        return SSL_VERIFY_NONE;
    return SSL_VERIFY_PEER | (cg_peer_needs_certificate(profile) ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
}

/* Tickets use the same extension. An identity is text (RFC 4279 5.1), a ticket is not. */
static bool is_text(const unsigned char *identity, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (identity[i] < 0x20 || identity[i] == 0x7f)
            return false;
    return length > 0 && length <= PSK_MAX_IDENTITY_LEN;
}

/* TLS 1.3: accepts no key, but notes that one was offered. OpenSSL then calls the broker's callback, if it is set. */
static int note_psk(SSL *ssl, const unsigned char *identity, size_t length, SSL_SESSION **session)
{
    struct cg_conn *conn = cg_conn_of(ssl);
    if (conn && is_text(identity, length))
        conn->private->psk_offered = true;
    *session = NULL;
    return 1;
}

static void apply_psk(SSL *ssl, bool allowed)
{
    if (SSL_is_server(ssl)) {
        if (!allowed)
            SSL_set_psk_server_callback(ssl, NULL);
        SSL_set_psk_find_session_callback(ssl, note_psk);
    } else if (!allowed) {
        SSL_set_psk_client_callback(ssl, NULL);
        SSL_set_psk_use_session_callback(ssl, NULL);
    }
}

bool cg_settings_apply(struct cg_conn *conn)
{
    SSL *ssl = conn->ssl;
    const struct cg_tls_policy *tls = cg_conn_tls(conn);
    const struct cg_profile *profile = cg_conn_profile(conn);
    struct cg_context *context = cg_context_of(ssl);
    cg_socket_no_delay(conn);
    if (!context || !apply_to_context(conn, context, tls) || !apply_tls(ssl, tls)) {
        cg_conn_set_reason(conn, CG_REASON_INTERNAL_ERROR, "OpenSSL rejects the policy's TLS settings: %s",
                           context ? ERR_reason_error_string(ERR_peek_last_error()) : "unknown SSL_CTX");
        return false;
    }
    cg_resumption_apply(conn, context);
    apply_psk(ssl, tls->psk_allowed);
    /* plus 5 octets per certificate (RFC 8446 4.4.2) and the overhead of the message */
    SSL_set_max_cert_list(ssl, (long)(profile->max_chain_bytes + 5 * (size_t)profile->max_chain + 16));
    SSL_set_verify(ssl, verify_mode(conn), never_called);
    if (conn->role == CG_ROLE_LISTENER)
        SSL_set_cert_cb(ssl, cg_serve_credential, conn);
    return true;
}
