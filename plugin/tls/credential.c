/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The certificate that we serve: the policy's, or the broker's own once it passed the same check. */
#include "core/check.h"
#include "private.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* The verdict on the broker's certificate holds so long: it may expire, or its clock rules may start to fail. */
#define CG_OWN_HOLDS_SECONDS 30

bool cg_serve(SSL *ssl, const struct cg_credential *credential)
{
    /* The broker's certificate may have a key of another type: OpenSSL would choose between the two. */
    SSL_certs_clear(ssl);
    /* What follows the leaf in the file is sent, and nothing that OpenSSL finds in the broker's CA file. */
    SSL_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN);
    return SSL_use_cert_and_key(ssl, credential->leaf, credential->key, credential->chain, 1) == 1;
}

static bool examine(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                    const STACK_OF(X509) *chain, struct cg_verdict *verdict)
{
    struct cg_check_input in = {
        .profile = &policy->server,
        .trust = snapshot->trust,
        .purpose = CG_PURPOSE_SERVER,
        .leaf = leaf,
        .sent = chain,
        .now = cg_hook.handlers.now(cg_hook.handlers.context),
    };
    cg_check(&in, verdict);
    return verdict->decision == CG_ACCEPT;
}

static bool own_is_good(struct cg_context *context, const struct cg_conn *conn, X509 *leaf, const STACK_OF(X509) *chain)
{
    int64_t now = cg_hook.handlers.now(cg_hook.handlers.context), age = now - context->own.at;
    if (context->own.leaf == leaf && context->own.snapshot == conn->snapshot->number &&
        context->own.port == conn->listener && age >= 0 && age < CG_OWN_HOLDS_SECONDS && context->own.snapshot != 0)
        return context->own.accepted;
    struct cg_verdict *verdict = OPENSSL_zalloc(sizeof *verdict);
    context->own.accepted = verdict && examine(conn->snapshot, conn->policy, leaf, chain, verdict);
    snprintf(context->own.detail, sizeof context->own.detail, "%s: %s",
             verdict ? cg_reason_row(verdict->reason)->code : "no memory", verdict ? verdict->detail : "");
    cg_verdict_clear(verdict);
    context->own.snapshot = verdict && X509_up_ref(leaf) ? conn->snapshot->number : 0;
    OPENSSL_free(verdict);
    X509_free(context->own.leaf);
    context->own.leaf = context->own.snapshot ? leaf : NULL;
    context->own.port = conn->listener;
    context->own.at = now;
    return context->own.accepted;
}

bool cg_offers_psk(const struct cg_conn *conn)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_get_client_ciphers(conn->ssl);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        if (SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(ciphers, i)) == NID_auth_psk)
            return true;
    return conn->psk_offered;
}

bool cg_own_credential(SSL *ssl, struct cg_conn *conn)
{
    struct cg_context *context = cg_context_of(ssl);
    X509 *leaf = SSL_get_certificate(ssl);
    STACK_OF(X509) *chain = NULL;
    if (!leaf) {
        if (cg_conn_tls(conn)->psk_allowed)
            return true;
        if (cg_offers_psk(conn))
            cg_conn_why(conn, CG_REASON_PSK_NOT_ALLOWED, "the client offers a pre-shared key on port %u",
                        conn->listener);
        else
            cg_conn_why(conn, CG_REASON_NO_CREDENTIAL, "port %u has no certificate", conn->listener);
        return false;
    }
    if (!context || !SSL_get0_chain_certs(ssl, &chain)) {
        cg_conn_why(conn, CG_REASON_INTERNAL_ERROR, "the broker's certificate chain can't be read");
        return false;
    }
    if (own_is_good(context, conn, leaf, chain))
        return true;
    cg_conn_why(conn, CG_REASON_CREDENTIAL_INVALID, "the broker's own certificate on port %u: %s", conn->listener,
                context->own.detail);
    return false;
}

int cg_serve_credential(SSL *ssl, void *argument)
{
    struct cg_conn *conn = argument;
    if (conn->reason != CG_REASON_UNSET || !conn->snapshot)
        return 0; /* refused already */
    int saved = errno;
    ERR_set_mark();
    const struct cg_credential *credential = cg_snapshot_credential(conn->snapshot, conn->listener);
    bool ok = credential ? cg_serve(ssl, credential) : cg_own_credential(ssl, conn);
    if (!ok)
        cg_conn_why(conn, CG_REASON_INTERNAL_ERROR, "OpenSSL does not take the credential: %s",
                    ERR_reason_error_string(ERR_peek_last_error()));
    ERR_pop_to_mark();
    errno = saved;
    return ok;
}

/* The listener policies whose port serves the broker's own certificate. index 0 is the base; NULL past the end. */
static const struct cg_listener_policy *serves_own(const struct cg_snapshot *snapshot, size_t *index)
{
    for (; *index <= snapshot->policy->nlisteners; ++*index) {
        size_t i = *index;
        const struct cg_listener_policy *policy = i ? &snapshot->policy->listeners[i - 1] : &snapshot->policy->base;
        if (i ? !cg_snapshot_credential(snapshot, policy->port) : !snapshot->base_credential) {
            ++*index;
            return policy;
        }
    }
    return NULL;
}

static bool check_context(const struct cg_context *context, const struct cg_snapshot *snapshot,
                          struct cg_verdict *verdict, struct cg_error *err)
{
    X509 *leaf = SSL_CTX_get0_certificate(context->ctx);
    STACK_OF(X509) *chain = NULL;
    const struct cg_listener_policy *policy;
    bool tried = false;
    if (!leaf || SSL_CTX_get_ssl_method(context->ctx) == TLS_client_method())
        return true; /* PSK listener, or bridge */
    if (!SSL_CTX_get0_chain_certs(context->ctx, &chain)) {
        cg_error_set(err, "the broker's certificate chain can't be read");
        return false;
    }
    for (size_t index = 0; (policy = serves_own(snapshot, &index)); tried = true) {
        cg_verdict_clear(verdict);
        if (examine(snapshot, policy, leaf, chain, verdict))
            return true;
        if (!tried)
            cg_error_set(err, "the broker's own certificate (certfile) is refused: %s: %s; %s",
                         cg_reason_row(verdict->reason)->code, verdict->detail, cg_reason_row(verdict->reason)->hint);
    }
    return !tried;
}

const X509 *cg_hook_own_certificate(const struct cg_snapshot *snapshot, size_t index)
{
    size_t any = 0;
    if (!serves_own(snapshot, &any))
        return NULL;
    for (const struct cg_context *context = cg_hook.contexts; context; context = context->next) {
        const X509 *leaf = SSL_CTX_get0_certificate(context->ctx);
        bool replaced = context->port && cg_snapshot_credential(snapshot, context->port);
        if (leaf && !replaced && SSL_CTX_get_ssl_method(context->ctx) != TLS_client_method() && index-- == 0)
            return leaf;
    }
    return NULL;
}

bool cg_hook_check_own(struct cg_error *err)
{
    const struct cg_snapshot *snapshot = cg_hook.installs > 0 ? cg_hook.handlers.snapshot(cg_hook.handlers.context)
                                                              : NULL;
    struct cg_verdict *verdict = snapshot ? OPENSSL_zalloc(sizeof *verdict) : NULL;
    bool ok = verdict && !cg_hook.blind;
    if (!ok)
        cg_error_set(err, "the broker's own certificate can't be checked: %s", snapshot ? "no memory" : "no policy");
    ERR_set_mark();
    for (const struct cg_context *context = cg_hook.contexts; ok && context; context = context->next)
        ok = check_context(context, snapshot, verdict, err);
    ERR_pop_to_mark();
    cg_verdict_clear(verdict);
    OPENSSL_free(verdict);
    return ok;
}

/* CG_REASON_UNSET: nothing is only audited. */
static enum cg_reason audited(const struct cg_snapshot *snapshot, const struct cg_listener_policy *policy, X509 *leaf,
                              const STACK_OF(X509) *chain, struct cg_error *err)
{
    enum cg_reason reason = CG_REASON_UNSET;
    struct cg_verdict *verdict = OPENSSL_zalloc(sizeof *verdict);
    bool accepted = verdict && examine(snapshot, policy, leaf, chain, verdict);
    const struct cg_finding *finding = accepted ? cg_verdict_audited(verdict) : NULL;
    if (finding) {
        reason = finding->reason;
        cg_error_set(err, "%s: %s", policy->credential_chain ? policy->credential_chain : "certfile", finding->detail);
    }
    cg_verdict_clear(verdict);
    OPENSSL_free(verdict);
    return reason;
}

static enum cg_reason audit_credentials(const struct cg_snapshot *snapshot, struct cg_error *err)
{
    const struct cg_policy *policy = snapshot->policy;
    const struct cg_credential *base = snapshot->base_credential;
    enum cg_reason reason = base ? audited(snapshot, &policy->base, base->leaf, base->chain, err) : CG_REASON_UNSET;
    for (size_t i = 0; reason == CG_REASON_UNSET && i < policy->nlisteners; i++)
        if (snapshot->credentials && snapshot->credentials[i])
            reason = audited(snapshot, &policy->listeners[i], snapshot->credentials[i]->leaf,
                             snapshot->credentials[i]->chain, err);
    return reason;
}

enum cg_reason cg_hook_audit_own(struct cg_error *err)
{
    const struct cg_snapshot *snapshot = cg_hook.installs > 0 ? cg_hook.handlers.snapshot(cg_hook.handlers.context)
                                                              : NULL;
    if (!snapshot)
        return CG_REASON_UNSET;
    ERR_set_mark();
    enum cg_reason reason = audit_credentials(snapshot, err);
    for (const struct cg_context *context = cg_hook.contexts; context && !reason; context = context->next) {
        X509 *leaf = SSL_CTX_get0_certificate(context->ctx);
        STACK_OF(X509) *chain = NULL;
        if (!leaf || SSL_CTX_get_ssl_method(context->ctx) == TLS_client_method() ||
            !SSL_CTX_get0_chain_certs(context->ctx, &chain))
            continue;
        const struct cg_listener_policy *policy;
        for (size_t index = 0; !reason && (policy = serves_own(snapshot, &index));)
            reason = audited(snapshot, policy, leaf, chain, err);
    }
    ERR_pop_to_mark();
    return reason;
}
