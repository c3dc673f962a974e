/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "conn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

void cg_conn_id(const struct cg_conn *conn, char out[CG_CONN_ID_MAX])
{
    snprintf(out, CG_CONN_ID_MAX, "%08x-%llx", conn->process, (unsigned long long)conn->number);
}

void cg_conn_peer_text(const struct cg_conn *conn, char out[CG_PEER_TEXT_MAX])
{
    char text[INET6_ADDRSTRLEN] = "";
    out[0] = '\0';
    if (conn->peer.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &conn->peer.v4.sin_addr, text, sizeof text);
        snprintf(out, CG_PEER_TEXT_MAX, "%s:%u", text, ntohs(conn->peer.v4.sin_port));
    } else if (conn->peer.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &conn->peer.v6.sin6_addr, text, sizeof text);
        snprintf(out, CG_PEER_TEXT_MAX, "[%s]:%u", text, ntohs(conn->peer.v6.sin6_port));
    }
}

void cg_conn_shut_down(struct cg_conn *conn)
{
    /* SSL_read must not return bytes that the kernel already has either. */
    if (conn->ssl)
        SSL_set_shutdown(conn->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    if (conn->fd >= 0)
        shutdown(conn->fd, SHUT_RDWR);
}

/* OpenSSL 3.0 has no text for alerts that only TLS 1.3 has. */
const char *cg_alert_text(int alert)
{
    const char *text = SSL_alert_desc_string_long(alert);
    if (alert == SSL_AD_CERTIFICATE_REQUIRED)
        return "certificate required";
    return alert == SSL_AD_MISSING_EXTENSION ? "missing extension" : text;
}
