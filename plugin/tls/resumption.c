/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Session resumption, if the policy says "bound" (RFC 8446 2.2, RFC 5077). A ticket holds the peer's leaf and, as
 * application data, the snapshot, listener and chain that it was accepted with. It is resumed only with the same
 * snapshot on the same listener, and only after cg_check has accepted leaf and chain again at the current time:
 * revocation and expiry count as in a full handshake, only signatures are not verified again. In doubt there is a full
 * handshake, which is always correct: it costs a valid client a millisecond, and it refuses an invalid one with its
 * reason.
 *
 * Why these interfaces: SSL_CTX_set_tlsext_ticket_key_evp_cb lets us supply the keys (OpenSSL's own keys never
 * change during the life of the SSL_CTX), and SSL_CTX_set_session_ticket_cb shows us a decrypted ticket before
 * anything is answered. Both work for TLS 1.2 and 1.3, exist in OpenSSL 3.0 to 3.6, are not deprecated, and are not
 * used by Mosquitto or libwebsockets. A session id context alone would bind a ticket to listener and snapshot but
 * not to the certificate. It is set as well, since OpenSSL refuses to resume a verified session without one. There
 * is no stateful cache: session ids of TLS 1.2 find nothing (handshake.c). */
#include "resumption.h"

#include "core/base/datetime.h"
#include "tls/conn/handlers.h"
#include "tls/conn/record.h"
#include "tls/credential/serve.h"
#include "tls/openssl/main_thread.h"
#include "tls/openssl/tickets.h"
#include "verify.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

/* However often a session is resumed, the peer must prove possession of its key once per day (RFC 8446 4.6.1). */
#define CG_PROOF_HOLDS_MS ((int64_t)24 * 3600 * 1000)

/* A ClientHello may contain many tickets, and is sent twice after a HelloRetryRequest. */
#define CG_TICKETS_TRIED_MAX 4

/* The application data of a ticket. Only the process that wrote it reads it. */
struct binding {
    uint64_t snapshot;
    int64_t signed_ms; /* monotonic: the peer's last full handshake */
    int32_t issuers;   /* number in the SSL_CTX's cg_tickets */
    uint16_t port;
    uint16_t zero; /* no padding: every byte is defined */
};

static struct cg_conn *conn_of(const SSL *ssl)
{
    return cg_on_main_thread() ? cg_conn_of(ssl) : NULL;
}

/* The tickets that this connection may use, or NULL. */
static struct cg_tickets *tickets_of(const struct cg_conn *conn)
{
    const struct cg_context *context = conn ? cg_context_of(conn->ssl) : NULL;
    bool bound = context && context->tickets && conn->role == CG_ROLE_LISTENER && conn->snapshot &&
                 conn->reason == CG_REASON_UNSET && conn->state != CG_CONN_REJECTED &&
                 conn->policy->tls.resumption == CG_RESUMPTION_BOUND &&
                 cg_tickets_are_for(context->tickets, conn->snapshot->number, conn->listener);
    return bound ? context->tickets : NULL;
}

/* ---- issuing a ticket */

static bool bind_session(struct cg_conn *conn, SSL_SESSION *session)
{
    struct cg_tickets *tickets = tickets_of(conn);
    X509 *leaf = SSL_SESSION_get0_peer(session);
    if (!tickets || !leaf || !conn->private->verified || !conn->signatures_hold || sk_X509_num(conn->path) < 2 ||
        sk_X509_value(conn->path, 0) != leaf)
        return false;
    int64_t now_ms = cg_handlers_monotonic_ms();
    int64_t left = (conn->private->signed_ms + CG_PROOF_HOLDS_MS - now_ms) / 1000;
    if (conn->not_after != CG_TIME_NO_END) {
        int64_t valid = conn->not_after - cg_handlers_now();
        left = valid < left ? valid : left;
    }
    left = left < 2 * CG_TICKET_KEY_MS / 1000 ? left : 2 * CG_TICKET_KEY_MS / 1000;
    struct binding binding = {.snapshot = conn->snapshot->number,
                              .signed_ms = conn->private->signed_ms,
                              .issuers = cg_tickets_add_path(tickets, conn->path),
                              .port = conn->listener};
    if (left <= 0 || binding.issuers < 0)
        return false;
    SSL_SESSION_set_timeout(session, (long)left); /* the client gets this value */
    return SSL_SESSION_set1_ticket_appdata(session, &binding, sizeof binding) == 1;
}

/* Tickets of TLS 1.3 follow the handshake. This callback cannot suppress one, but one without a binding is never
 * resumed. */
static int issue_ticket(SSL *ssl, void *unused)
{
    (void)unused;
    int saved = errno;
    SSL_SESSION *session = SSL_get_session(ssl);
    struct cg_conn *conn = conn_of(ssl);
    ERR_set_mark();
    if (!conn || !bind_session(conn, session))
        (void)SSL_SESSION_set1_ticket_appdata(session, NULL, 0);
    ERR_pop_to_mark();
    errno = saved;
    return 1;
}

/* ---- accepting a ticket */

static bool read_binding(SSL_SESSION *session, struct binding *out)
{
    void *data = NULL;
    size_t len = 0;
    if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 || len != sizeof *out)
        return false;
    memcpy(out, data, sizeof *out);
    return true;
}

static bool is_valid(struct cg_conn *conn, SSL_SESSION *session)
{
    struct cg_tickets *tickets = tickets_of(conn);
    X509 *leaf = SSL_SESSION_get0_peer(session);
    struct binding binding;
    if (!tickets || !leaf || conn->state != CG_CONN_HANDSHAKE ||
        ++conn->private->tickets_tried > CG_TICKETS_TRIED_MAX || !read_binding(session, &binding) ||
        binding.snapshot != conn->snapshot->number || binding.port != conn->listener ||
        cg_handlers_monotonic_ms() - binding.signed_ms >= CG_PROOF_HOLDS_MS)
        return false;
    /* a resumed handshake does not send our certificate, but it must still pass */
    if (!cg_snapshot_credentials(conn->snapshot, conn->listener)->count && !cg_own_credential(conn->ssl, conn))
        return false;
    STACK_OF(X509) *path = cg_tickets_path(tickets, binding.issuers, leaf);
    bool ok = path && cg_verify_again(conn, path);
    sk_X509_pop_free(path, X509_free);
    if (!ok)
        return false;
    cg_resumption_accepted(conn);
    conn->private->signed_ms = binding.signed_ms;
    return true;
}

static SSL_TICKET_RETURN accept_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t len,
                                       SSL_TICKET_STATUS status, void *unused)
{
    (void)name, (void)len, (void)unused;
    struct cg_conn *conn = conn_of(ssl);
    if (!conn || (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW))
        return SSL_TICKET_RETURN_IGNORE_RENEW; /* renew: the full handshake ends with a new ticket */
    int saved = errno;
    ERR_set_mark();
    bool ok = is_valid(conn, session);
    ERR_pop_to_mark();
    errno = saved;
    if (!ok)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

static int ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                      int seal)
{
    const struct cg_context *context = conn_of(ssl) ? cg_context_of(ssl) : NULL;
    if (!context || !context->tickets)
        return 0;
    if (seal)
        return cg_tickets_seal(context->tickets, cg_handlers_monotonic_ms(), name, iv, cipher, mac);
    int opened = cg_tickets_open(context->tickets, cg_handlers_monotonic_ms(), name, iv, cipher, mac);
    /* RFC 8446 C.4: a client uses a ticket once, so that its connections cannot be linked */
    return opened == 1 && SSL_version(ssl) == TLS1_3_VERSION ? 2 : opened;
}

/* ---- configuration */

void cg_resumption_configure(SSL_CTX *ctx)
{
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_key);
    SSL_CTX_set_session_ticket_cb(ctx, issue_ticket, accept_ticket, NULL);
}

void cg_resumption_apply(struct cg_conn *conn, struct cg_context *context)
{
    bool bound = conn->role == CG_ROLE_LISTENER && conn->policy->tls.resumption == CG_RESUMPTION_BOUND;
    uint64_t snapshot = conn->snapshot->number;
    if (bound && !context->tickets)
        context->tickets = cg_tickets_new();
    if (!context->tickets)
        return;
    /* keys and chains of another snapshot or listener must not remain, even if resumption is off now */
    if (!cg_tickets_are_for(context->tickets, snapshot, conn->listener))
        cg_tickets_begin(context->tickets, snapshot, conn->listener);
    struct binding id = {.snapshot = snapshot, .port = conn->listener};
    if (!bound || SSL_set_session_id_context(conn->ssl, (const unsigned char *)&id, sizeof id) != 1)
        return;
    SSL_clear_options(conn->ssl, SSL_OP_NO_TICKET);
    (void)SSL_set_max_early_data(conn->ssl, 0);
}

void cg_resumption_accepted(struct cg_conn *conn)
{
    if (tickets_of(conn))
        (void)SSL_set_num_tickets(conn->ssl, 1);
}

#define TICK_MS 60000 /* keys live for hours */

void cg_resumption_tick(void)
{
    static int64_t last_ms;
    struct cg_context *context = cg_contexts_first();
    int64_t now_ms = context ? cg_handlers_monotonic_ms() : last_ms; /* the clock is missing after the hook's removal */
    if (now_ms >= last_ms && now_ms - last_ms < TICK_MS)
        return;
    last_ms = now_ms;
    for (; context; context = context->next)
        if (context->tickets)
            cg_tickets_tick(context->tickets, now_ms);
}
