/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "conn.h"

#include "core/text.h"
#include "private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_MAX 192

struct cg_conn *cg_conn_new(SSL *ssl)
{
    struct cg_conn *conn = OPENSSL_zalloc(sizeof *conn);
    if (!conn || !SSL_set_ex_data(ssl, cg_hook.conn_index, conn)) {
        OPENSSL_free(conn);
        return NULL;
    }
    conn->number = ++cg_hook.connections;
    conn->role = SSL_is_server(ssl) ? CG_ROLE_LISTENER : CG_ROLE_BRIDGE;
    conn->ssl = ssl;
    conn->fd = -1;
    conn->alert_sent = conn->alert_received = -1;
    conn->started_ms = cg_handlers_monotonic_ms();
    conn->next = cg_hook.conns;
    if (conn->next)
        conn->next->prev = conn;
    cg_hook.conns = conn;
    return conn;
}

struct cg_conn *cg_conn_of(const SSL *ssl)
{
    return cg_handlers_given() ? SSL_get_ex_data(ssl, cg_hook.conn_index) : NULL;
}

static void drop_verdict(struct cg_conn *conn)
{
    if (conn->verdict)
        cg_verdict_clear(conn->verdict);
    OPENSSL_free(conn->verdict);
    conn->verdict = NULL;
}

static void forget(struct cg_conn *conn)
{
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        cg_hook.conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    cg_unclaimed_remove(conn);
    if (conn->peer_leaf)
        X509_set_ex_data(conn->peer_leaf, cg_hook.leaf_index, NULL);
}

void cg_conn_end(struct cg_conn *conn)
{
    if (!conn)
        return;
    /* Called from SSL_free, where the SSL is half gone, or when the hook is removed and the SSL lives on. */
    SSL *ssl = conn->ssl;
    if (conn->state == CG_CONN_HANDSHAKE)
        cg_failure_gone(conn, 0);
    conn->ssl = NULL;
    conn->fd = -1;
    if (conn->state == CG_CONN_HANDSHAKE)
        cg_conn_reject(conn);
    cg_handlers_ended(conn);
    cg_half_open_remove(conn);
    forget(conn);
    SSL_set_ex_data(ssl, cg_hook.conn_index, NULL);
    drop_verdict(conn);
    sk_X509_pop_free(conn->path, X509_free);
    X509_free(conn->peer_leaf);
    cg_snapshot_release(conn->snapshot);
    OPENSSL_free(conn->sni);
    OPENSSL_free(conn->detail);
    OPENSSL_free(conn);
}

void cg_conn_peer_key(const struct cg_conn *conn, unsigned char key[CG_PEER_KEY])
{
    memset(key, 0, CG_PEER_KEY);
    if (conn->peer.any.sa_family == AF_INET)
        memcpy(key, &conn->peer.v4.sin_addr, 4);
    else if (conn->peer.any.sa_family == AF_INET6)
        memcpy(key, &conn->peer.v6.sin6_addr, CG_PEER_KEY);
}

static uint16_t port_of(const union cg_address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohs(address->v4.sin_port);
    return address->any.sa_family == AF_INET6 ? ntohs(address->v6.sin6_port) : 0;
}

/* Websocket listeners are IPv6 sockets: 192.0.2.1 must not read ::ffff:192.0.2.1 there. */
static void unmap(union cg_address *address)
{
    const struct sockaddr_in6 v6 = address->v6;
    if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
        return;
    memset(address, 0, sizeof *address);
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = v6.sin6_port;
    memcpy(&address->v4.sin_addr, &v6.sin6_addr.s6_addr[12], sizeof address->v4.sin_addr);
}

void cg_conn_id(const struct cg_conn *conn, char out[CG_CONN_ID_MAX])
{
    snprintf(out, CG_CONN_ID_MAX, "%08x-%llx", cg_hook.seed, (unsigned long long)conn->number);
}

void cg_conn_peer_text(const struct cg_conn *conn, char out[CG_PEER_TEXT_MAX])
{
    char text[INET6_ADDRSTRLEN] = "";
    out[0] = '\0';
    if (conn->peer.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &conn->peer.v4.sin_addr, text, sizeof text);
        snprintf(out, CG_PEER_TEXT_MAX, "%s:%u", text, port_of(&conn->peer));
    } else if (conn->peer.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &conn->peer.v6.sin6_addr, text, sizeof text);
        snprintf(out, CG_PEER_TEXT_MAX, "[%s]:%u", text, port_of(&conn->peer));
    }
}

void cg_conn_addresses(struct cg_conn *conn)
{
    conn->fd = SSL_get_fd(conn->ssl);
    if (conn->fd < 0)
        return;
    socklen_t length = sizeof conn->peer;
    if (getpeername(conn->fd, &conn->peer.any, &length) != 0)
        memset(&conn->peer, 0, sizeof conn->peer);
    length = sizeof conn->local;
    if (getsockname(conn->fd, &conn->local.any, &length) != 0)
        memset(&conn->local, 0, sizeof conn->local);
    unmap(&conn->peer);
    unmap(&conn->local);
    conn->listener = port_of(conn->role == CG_ROLE_BRIDGE ? &conn->peer : &conn->local);
}

void cg_conn_why(struct cg_conn *conn, enum cg_reason reason, const char *format, ...)
{
    if (conn->reason != CG_REASON_UNSET)
        return;
    conn->reason = reason;
    char text[DETAIL_MAX], *detail = OPENSSL_zalloc(DETAIL_MAX);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (detail) /* the reason stands without it */
        cg_text_escape(text, strlen(text), detail, DETAIL_MAX);
    conn->detail = detail;
}

void cg_conn_describe(struct cg_conn *conn)
{
    if (!conn->ssl)
        return;
    /* before the hellos it would be the highest version that we know */
    if (conn->hello_seen && conn->reason != CG_REASON_NO_COMMON_VERSION)
        snprintf(conn->version, sizeof conn->version, "%s", SSL_get_version(conn->ssl));
    if (SSL_get_current_cipher(conn->ssl))
        snprintf(conn->cipher, sizeof conn->cipher, "%s", SSL_get_cipher_name(conn->ssl));
    const char *sni = SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name);
    char text[256];
    if (!sni || conn->sni)
        return;
    cg_text_escape(sni, strlen(sni), text, sizeof text);
    conn->sni = OPENSSL_strdup(text);
}

void cg_conn_reject(struct cg_conn *conn)
{
    if (conn->state == CG_CONN_REJECTED)
        return;
    conn->state = CG_CONN_REJECTED;
    conn->awaiting_first_record = false;
    cg_half_open_remove(conn);
    cg_conn_describe(conn);
    cg_handlers_rejected(conn);
}

void cg_conn_settle(struct cg_conn *conn)
{
    conn->state = CG_CONN_ESTABLISHED;
    conn->awaiting_first_record = false;
    cg_half_open_remove(conn);
    if (conn->role == CG_ROLE_LISTENER)
        cg_socket_watch_on(conn);
    else
        cg_socket_unwatch(conn);
    if (conn->role == CG_ROLE_LISTENER && !conn->peer_leaf)
        cg_unclaimed_add(conn);
    cg_handlers_accepted(conn);
    drop_verdict(conn);
}

const struct cg_profile *cg_conn_profile(const struct cg_conn *conn)
{
    return conn->role == CG_ROLE_BRIDGE ? &conn->snapshot->policy->bridge : &conn->policy->client;
}

const struct cg_tls_policy *cg_conn_tls(const struct cg_conn *conn)
{
    return conn->role == CG_ROLE_BRIDGE ? &conn->snapshot->policy->bridge_tls : &conn->policy->tls;
}
