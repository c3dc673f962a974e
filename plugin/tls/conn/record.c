/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "record.h"

#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DETAIL_MAX 192

/* All parts of a record, in one block. */
struct whole {
    struct cg_conn conn; /* first: freed by its address */
    struct cg_conn_private private;
    max_align_t session[];
};

static struct {
    struct cg_conn *first;
    uint64_t made;
    uint32_t process;
    int conn_index, leaf_index; /* ex_data of SSL, X509; -1: none */
} records = {.conn_index = -1, .leaf_index = -1};

void cg_records_begin(uint32_t process, int conn_index, int leaf_index)
{
    records.process = process;
    records.conn_index = conn_index;
    records.leaf_index = leaf_index;
}

void cg_records_end(void)
{
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, records.conn_index);
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_X509, records.leaf_index);
    memset(&records, 0, sizeof records);
    records.conn_index = records.leaf_index = -1;
}

/* ---- the list */

struct cg_conn *cg_conn_first(void)
{
    return records.first;
}

void cg_conn_list(struct cg_conn *conn)
{
    conn->prev = NULL;
    conn->next = records.first;
    if (conn->next)
        conn->next->prev = conn;
    records.first = conn;
}

void cg_conn_unlist(struct cg_conn *conn)
{
    *(conn->prev ? &conn->prev->next : &records.first) = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
}

/* ---- creating and freeing */

struct cg_conn *cg_conn_new(SSL *ssl, int64_t started_ms, size_t session_size)
{
    struct whole *whole = OPENSSL_zalloc(sizeof *whole + session_size);
    if (!whole || !SSL_set_ex_data(ssl, records.conn_index, &whole->conn)) {
        OPENSSL_free(whole);
        return NULL;
    }
    struct cg_conn *conn = &whole->conn;
    conn->private = &whole->private;
    conn->session = session_size > 0 ? (void *)whole->session : NULL;
    conn->number = ++records.made;
    conn->process = records.process;
    conn->role = SSL_is_server(ssl) ? CG_ROLE_LISTENER : CG_ROLE_BRIDGE;
    conn->ssl = ssl;
    conn->fd = -1;
    conn->alert_sent = conn->alert_received = -1;
    conn->private->started_ms = conn->private->progress_ms = started_ms;
    cg_conn_list(conn);
    return conn;
}

struct cg_conn *cg_conn_of(const SSL *ssl)
{
    return records.conn_index >= 0 ? SSL_get_ex_data(ssl, records.conn_index) : NULL;
}

void cg_conn_drop_verdict(struct cg_conn *conn)
{
    if (conn->verdict)
        cg_verdict_clear(conn->verdict);
    OPENSSL_free(conn->verdict);
    conn->verdict = NULL;
}

bool cg_conn_claim_leaf(struct cg_conn *conn, X509 *leaf)
{
    return X509_set_ex_data(leaf, records.leaf_index, conn) == 1;
}

struct cg_conn *cg_conn_of_leaf(const X509 *leaf)
{
    return records.leaf_index >= 0 ? X509_get_ex_data(leaf, records.leaf_index) : NULL;
}

void cg_conn_free(struct cg_conn *conn, SSL *ssl)
{
    cg_conn_unlist(conn);
    if (conn->peer_leaf)
        X509_set_ex_data(conn->peer_leaf, records.leaf_index, NULL);
    SSL_set_ex_data(ssl, records.conn_index, NULL);
    cg_conn_drop_verdict(conn);
    sk_X509_pop_free(conn->path, X509_free);
    X509_free(conn->peer_leaf);
    cg_snapshot_free(conn->snapshot);
    OPENSSL_free(conn->sni);
    OPENSSL_free(conn->detail);
    OPENSSL_free(conn);
}

/* ---- facts about the connection */

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

/* Websocket listeners are IPv6 sockets: show 192.0.2.1, not ::ffff:192.0.2.1. */
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

void cg_conn_set_fault(struct cg_conn *conn, enum cg_reason reason, const char *detail)
{
    if (conn->reason != CG_REASON_UNSET)
        return;
    conn->reason = reason;
    conn->detail = OPENSSL_zalloc(DETAIL_MAX);
    if (conn->detail) /* without memory there is a reason but no detail */
        cg_text_escape(detail, strlen(detail), conn->detail, DETAIL_MAX);
}

void cg_conn_set_reason(struct cg_conn *conn, enum cg_reason reason, const char *format, ...)
{
    char text[DETAIL_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cg_conn_set_fault(conn, reason, text);
}

void cg_conn_describe(struct cg_conn *conn)
{
    if (!conn->ssl)
        return;
    /* before the hellos it would be the highest version that OpenSSL supports */
    if (conn->private->hello_seen && conn->reason != CG_REASON_NO_COMMON_VERSION)
        conn->version = SSL_get_version(conn->ssl);
    if (SSL_get_current_cipher(conn->ssl))
        conn->cipher = SSL_get_cipher_name(conn->ssl);
    const char *sni = SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name);
    char text[256];
    if (!sni || conn->sni)
        return;
    cg_text_escape(sni, strlen(sni), text, sizeof text);
    conn->sni = OPENSSL_strdup(text);
}

const struct cg_profile *cg_conn_profile(const struct cg_conn *conn)
{
    return conn->role == CG_ROLE_BRIDGE ? &conn->snapshot->policy->bridge : &conn->policy->client;
}

const struct cg_tls_policy *cg_conn_tls(const struct cg_conn *conn)
{
    return conn->role == CG_ROLE_BRIDGE ? &conn->snapshot->policy->bridge_tls : &conn->policy->tls;
}
