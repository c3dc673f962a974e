/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "handshake.h"

#include "core/base/probe.h"
#include "resumption.h"
#include "settings.h"
#include "tls/conn/failure.h"
#include "tls/conn/halfopen.h"
#include "tls/conn/handlers.h"
#include "tls/conn/outcome.h"
#include "tls/conn/pending.h"
#include "tls/conn/record.h"
#include "tls/conn/socket.h"
#include "tls/openssl/context.h"
#include "tls/openssl/main_thread.h"
#include "verify.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* The broker checks errno after SSL_read and reads the error queue for its log: the callbacks must change neither. */

void cg_handshake_unwatch(struct cg_conn *conn)
{
    if (conn->state != CG_CONN_ESTABLISHED)
        cg_settings_refuse(conn->ssl); /* the callback that serves our certificate uses the record */
    SSL_set_msg_callback(conn->ssl, NULL);
    cg_socket_unwatch(conn);
}

#define EMPTY_CERTIFICATE_MAX 8 /* header, context and length, from a client without one (RFC 8446 4.4.2) */

static void on_message(int out, int version, int type, const void *bytes, size_t len, SSL *ssl, void *unused)
{
    (void)version, (void)unused;
    struct cg_conn *conn = cg_conn_of(ssl);
    if (!conn)
        return;
    const unsigned char *p = bytes;
    if (type == SSL3_RT_HANDSHAKE && len > 0) {
        if (out && p[0] == SSL3_MT_CERTIFICATE && len > EMPTY_CERTIFICATE_MAX)
            conn->private->certificate_shown = true;
        if (!out && (p[0] == SSL3_MT_CLIENT_HELLO || p[0] == SSL3_MT_SERVER_HELLO)) {
            conn->private->hello_seen = true;
            conn->private->progress_ms = cg_handlers_monotonic_ms();
        }
        if (!out && p[0] == SSL3_MT_CLIENT_HELLO && memmem(p, len, CG_PROBE_TEXT, strlen(CG_PROBE_TEXT)))
            conn->probe = true;
        /* after DONE, only a server that accepted our certificate sends more */
        if (!out && conn->private->awaiting_first_record && p[0] == SSL3_MT_NEWSESSION_TICKET)
            cg_conn_accept(conn);
    }
    if (!out && conn->private->awaiting_first_record && type == SSL3_RT_INNER_CONTENT_TYPE && len == 1 &&
        p[0] == SSL3_RT_APPLICATION_DATA)
        cg_conn_accept(conn);
}

/* Sets the snapshot that this handshake is checked against from its first byte to its end. */
static void set_snapshot(struct cg_conn *conn)
{
    struct cg_snapshot *old = conn->snapshot;
    conn->snapshot = cg_snapshot_ref(cg_handlers_snapshot());
    conn->policy = NULL;
    if (conn->snapshot && conn->role == CG_ROLE_LISTENER)
        conn->policy = cg_policy_listener(conn->snapshot->policy, conn->listener);
    cg_snapshot_free(old);
    if (conn->snapshot) {
        cg_half_open_policy_changed(conn);
        return;
    }
    cg_half_open_remove(conn); /* if it was pending: its deadline came from the policy */
    cg_conn_set_reason(conn, CG_REASON_NO_SNAPSHOT, "policy and trust anchors are not loaded");
}

/* Creates the record of an SSL that has none. NULL: refuse it. */
static struct cg_conn *open_record(SSL *ssl)
{
    int64_t since_ms = cg_pending_remove(ssl);
    struct cg_conn *conn = cg_conn_new(ssl, since_ms, cg_handlers_session_size());
    if (!conn)
        return NULL;
    SSL_set_msg_callback(ssl, on_message);
    cg_socket_watch(conn);
    cg_conn_addresses(conn);
    set_snapshot(conn);
    if (conn->snapshot)
        cg_half_open_add(conn, cg_conn_abort);
    return conn;
}

static void on_start(SSL *ssl)
{
    struct cg_conn *conn = cg_conn_of(ssl);
    if (conn && conn->private->begun)
        return; /* renegotiation, which was disabled at the first start */
    cg_handlers_begins();
    conn = cg_conn_of(ssl); /* a pending one may have got its record meanwhile */
    if (conn)
        set_snapshot(conn); /* the snapshot may have changed since */
    else
        conn = cg_handlers_given() && !cg_contexts_untracked() ? open_record(ssl) : NULL;
    if (conn)
        conn->private->begun = true;
    if (!conn || cg_contexts_untracked() || !conn->snapshot || conn->reason != CG_REASON_UNSET ||
        !cg_settings_apply(conn))
        cg_settings_refuse(ssl);
}

static bool verify_certificate(struct cg_conn *conn, X509_STORE_CTX *store)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    cg_verify_reset_resumed(conn);
    if (leaf && !conn->peer_leaf && X509_up_ref(leaf))
        conn->peer_leaf = leaf;
    if (conn->peer.any.sa_family == AF_UNSPEC)
        cg_conn_addresses(conn); /* a bridge starts before its socket is connected */
    if (conn->reason != CG_REASON_UNSET || !conn->snapshot || conn->state == CG_CONN_REJECTED)
        return false; /* refused already */
    if (!cg_verify_peer(conn, leaf, X509_STORE_CTX_get0_untrusted(store)))
        return false;
    if (leaf)
        cg_resumption_accepted(conn);
    return true;
}

static int verify(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct cg_conn *conn = ssl && cg_on_main_thread() ? cg_conn_of(ssl) : NULL;
    int error = X509_V_ERR_APPLICATION_VERIFICATION, saved = errno;
    bool accepted = false;
    ERR_set_mark();
    if (conn) {
        accepted = verify_certificate(conn, store);
        if (conn->verdict && conn->verdict->decision != CG_ACCEPT)
            error = cg_verdict_x509_error(conn->verdict);
    }
    ERR_pop_to_mark();
    X509_STORE_CTX_set_error(store, accepted ? X509_V_OK : error);
    errno = saved;
    return accepted;
}

/* Without a certificate from the peer, the verify callback was not called. Whether that is accepted. */
static bool may_stay_unverified(struct cg_conn *conn)
{
    /* in TLS 1.3, OpenSSL does not report it later */
    conn->psk = SSL_get_psk_identity(conn->ssl) || SSL_session_reused(conn->ssl);
    return cg_verify_peer(conn, NULL, NULL);
}

static void on_done(struct cg_conn *conn)
{
    if (conn->state != CG_CONN_HANDSHAKE || conn->reason != CG_REASON_UNSET || !conn->snapshot) {
        cg_conn_abort(conn); /* aborted meanwhile */
        return;
    }
    X509 *leaf = SSL_get0_peer_certificate(conn->ssl);
    if (!leaf || !SSL_session_reused(conn->ssl)) /* a pre-shared key counts as reused too */
        cg_verify_reset_resumed(conn);
    cg_conn_describe(conn);
    if (leaf ? !conn->private->verified || leaf != conn->peer_leaf : !may_stay_unverified(conn)) {
        cg_conn_set_reason(conn, CG_REASON_INTERNAL_ERROR, "the handshake ended before the certificate was checked");
        cg_conn_abort(conn);
        return;
    }
    if (leaf && !cg_conn_claim_leaf(conn, leaf)) {
        cg_conn_set_reason(conn, CG_REASON_NO_MEMORY, "out of memory for the record of the certificate");
        cg_conn_abort(conn);
        return;
    }
    /* In TLS 1.3 the client finishes first: the server may still refuse our certificate. */
    conn->private->awaiting_first_record = conn->role == CG_ROLE_BRIDGE && SSL_version(conn->ssl) == TLS1_3_VERSION;
    if (conn->private->awaiting_first_record)
        cg_half_open_remove(conn);
    else
        cg_conn_accept(conn);
}

/* Whether OpenSSL is only waiting for the socket. */
static bool waiting(const SSL *ssl)
{
    int want = SSL_want(ssl);
    const BIO *bio = want == SSL_READING ? SSL_get_rbio(ssl) : SSL_get_wbio(ssl);
    if (want == SSL_READING || want == SSL_WRITING)
        return bio && BIO_should_retry(bio); /* out of memory, the broker created none */
    return want != SSL_NOTHING;
}

static void on_alert(struct cg_conn *conn, int where, int value)
{
    int description = value & 0xff;
    if (where & SSL_CB_WRITE) {
        if (conn->state == CG_CONN_HANDSHAKE)
            conn->alert_sent = (int16_t)description;
        return;
    }
    if (conn->state == CG_CONN_ESTABLISHED)
        return;
    bool fatal = value >> 8 == SSL3_AL_FATAL || SSL_version(conn->ssl) == TLS1_3_VERSION;
    if (!fatal && description != SSL_AD_CLOSE_NOTIFY && description != SSL_AD_USER_CANCELLED)
        return; /* a warning: the handshake continues */
    conn->alert_received = (int16_t)description;
    if (conn->private->awaiting_first_record) {
        cg_failure_classify(conn, 0);
        cg_conn_reject(conn);
    }
}

static void observe(const SSL *ssl, int where, int value, int saved_errno)
{
    struct cg_conn *conn = cg_conn_of(ssl);
    if (!conn)
        return;
    if (where & SSL_CB_ALERT) {
        on_alert(conn, where, value);
    } else if (where == SSL_CB_HANDSHAKE_DONE) {
        if (conn->state != CG_CONN_ESTABLISHED)
            on_done(conn);
    } else if ((where & SSL_CB_EXIT) && conn->state == CG_CONN_HANDSHAKE) {
        cg_failure_classify(conn, saved_errno);
        cg_conn_reject(conn);
    }
}

void cg_handshake_info(const SSL *ssl, int where, int value)
{
    int saved = errno;
    /* called for every state and for every byte that a slow peer sends: nothing to do */
    if ((where & SSL_CB_LOOP) || ((where & SSL_CB_EXIT) && (value > 0 || waiting(ssl))))
        return;
    ERR_set_mark();
    if (where == SSL_CB_HANDSHAKE_START) {
        /* OpenSSL passes the SSL as const here, although the caller owns it */
        SSL *own;
        memcpy(&own, &ssl, sizeof own);
        if (cg_on_main_thread())
            on_start(own);
        else
            cg_settings_refuse(own);
    } else if (cg_on_main_thread()) {
        observe(ssl, where, value, saved);
    }
    ERR_pop_to_mark();
    errno = saved;
}

void cg_handshake_open_pending(void)
{
    for (SSL *ssl; (ssl = cg_pending_ready());)
        open_record(ssl);
}

int64_t cg_handshake_abort_late(void)
{
    return cg_half_open_abort_overdue(cg_conn_abort);
}

/* The broker has finished all its SSL_CTXs when it creates the first SSL. */
void cg_handshake_configure(void)
{
    /* New ones come first; those that existed at the last SSL_new are configured. */
    struct cg_context *context = cg_contexts_first();
    for (; context && !context->configured; context = context->next) {
        SSL_CTX_set_info_callback(context->ctx, cg_handshake_info);
        SSL_CTX_set_cert_verify_callback(context->ctx, verify, NULL);
        cg_resumption_configure(context->ctx);
        /* SSL_OP_NO_TICKET does not stop resumption by TLS 1.2 session id. */
        SSL_CTX_set_session_cache_mode(context->ctx, SSL_SESS_CACHE_OFF);
        cg_context_configured(context);
    }
}
